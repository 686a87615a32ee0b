-- What the migrations up to 0011 made in the schema public before 0012 existed, with a few rows: pg_dump --inserts.
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

CREATE FUNCTION public.akako_actor() RETURNS text
    LANGUAGE sql STABLE
    AS $$ select coalesce(public.akako_said('actor'), 'database:' || session_user) $$;
ALTER FUNCTION public.akako_actor() OWNER TO akako_owner;

CREATE FUNCTION public.akako_audit_event() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
        begin
            if public.akako_said('reason') is null then
                raise exception 'event % is not % without a reason', new.svix_id, new.status
                    using errcode = 'check_violation', table = 'webhook_events', constraint = 'audit_event',
                          hint = 'Say why: `akako events replay` and `akako events discard` take --reason.';
            end if;
            insert into public.audit_log
                (action, user_id, clerk_user_id, actor, actor_email, reason, cause, before, after)
            values (
                case when new.status = 'discarded' then 'event.discarded' else 'event.replayed' end,
                (select id from public.users where clerk_id = new.clerk_user_id), new.clerk_user_id,
                public.akako_actor(), public.akako_said('actor_email'), public.akako_said('reason'), new.svix_id,
                jsonb_build_object('status', old.status),
                jsonb_strip_nulls(jsonb_build_object(
                    'status', new.status, 'forced', public.akako_said('forced')::boolean)));
            return null;
        end $$;
ALTER FUNCTION public.akako_audit_event() OWNER TO akako_owner;

CREATE FUNCTION public.akako_audit_new_roles() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
        declare
            causes jsonb := public.akako_said('causes');
        begin
            insert into public.audit_log
                (action, user_id, clerk_user_id, user_role_id, role, actor, actor_email, reason, cause, after)
            select 'role.assigned', held.user_id, users.clerk_id, held.id, held.role, public.akako_actor(),
                   public.akako_said('actor_email'), coalesce(public.akako_said('reason'), held.reason),
                   coalesce(causes ->> users.clerk_id, public.akako_said('cause')),
                   to_jsonb(held) - '{id,role_no,created_at,updated_at}'::text[]
            from fresh as held join public.users on users.id = held.user_id
            order by held.id;
            return null;
        end $$;
ALTER FUNCTION public.akako_audit_new_roles() OWNER TO akako_owner;

CREATE FUNCTION public.akako_audit_new_users() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
        declare
            causes jsonb := public.akako_said('causes');
        begin
            insert into public.audit_log (action, user_id, clerk_user_id, actor, actor_email, reason, cause, after)
            select case when deleted_at is null then 'user.created' else 'user.deleted' end,
                   id, clerk_id, public.akako_actor(), public.akako_said('actor_email'), public.akako_said('reason'),
                   coalesce(causes ->> clerk_id, public.akako_said('cause')),
                   jsonb_build_object('banned', banned, 'deleted_at', deleted_at)
            from fresh
            order by id;
            return null;
        end $$;
ALTER FUNCTION public.akako_audit_new_users() OWNER TO akako_owner;

CREATE FUNCTION public.akako_audit_role() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
        declare
            subject text := (select clerk_id from public.users where id = new.user_id);
        begin
            insert into public.audit_log
                (action, user_id, clerk_user_id, user_role_id, role, actor, actor_email, reason, cause, before, after)
            values (
                case
                    when old.is_active and not new.is_active then
                        case when new.effective_end_date is not distinct from old.effective_end_date
                                  and new.effective_end_date <= now()
                        then 'role.expired' else 'role.revoked' end
                    when new.is_active and not old.is_active then 'role.restored'
                    when coalesce(new.effective_end_date, 'infinity') > coalesce(old.effective_end_date, 'infinity')
                        then 'role.extended'
                    when coalesce(new.effective_end_date, 'infinity') < coalesce(old.effective_end_date, 'infinity')
                        then 'role.shortened'
                    else 'role.changed'
                end,
                new.user_id, subject, new.id, new.role, public.akako_actor(), public.akako_said('actor_email'),
                coalesce(public.akako_said('reason'), new.end_reason), public.akako_cause(subject),
                to_jsonb(old) - '{id,role_no,created_at,updated_at}'::text[],
                to_jsonb(new) - '{id,role_no,created_at,updated_at}'::text[]);
            return null;
        end $$;
ALTER FUNCTION public.akako_audit_role() OWNER TO akako_owner;

CREATE FUNCTION public.akako_audit_user() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
        begin
            insert into public.audit_log
                (action, user_id, clerk_user_id, actor, actor_email, reason, cause, before, after)
            values (
                case
                    when old.deleted_at is null and new.deleted_at is not null then 'user.deleted'
                    when old.deleted_at is not null and new.deleted_at is null then 'user.restored'
                    when new.banned then 'user.banned'
                    else 'user.unbanned'
                end,
                new.id, new.clerk_id, public.akako_actor(), public.akako_said('actor_email'),
                public.akako_said('reason'), public.akako_cause(new.clerk_id),
                jsonb_build_object('banned', old.banned, 'deleted_at', old.deleted_at),
                jsonb_build_object('banned', new.banned, 'deleted_at', new.deleted_at));
            return null;
        end $$;
ALTER FUNCTION public.akako_audit_user() OWNER TO akako_owner;

CREATE FUNCTION public.akako_cause(clerk_user_id text) RETURNS text
    LANGUAGE sql STABLE
    AS $$ select coalesce(public.akako_said('causes')::jsonb ->> clerk_user_id, public.akako_said('cause')) $$;
ALTER FUNCTION public.akako_cause(clerk_user_id text) OWNER TO akako_owner;

CREATE FUNCTION public.akako_forget_body() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
        begin
            if old.body is null or new.body is not null or old.received_at > now() - interval '1 day' then
                raise exception 'what was signed is never changed' using errcode = 'insufficient_privilege',
                    hint = 'A done event can lose its body (set it to null) a day after it came, and gets its digest by itself.';
            end if;
            new.digest := sha256(old.body);
            return new;
        end $$;
ALTER FUNCTION public.akako_forget_body() OWNER TO akako_owner;

CREATE FUNCTION public.akako_note_events(what text, svix_ids text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
        begin
            if what is null or what not in ('replayed', 'revealed') then
                raise exception 'events are replayed or revealed, not %', coalesce(what, 'nothing')
                    using errcode = 'check_violation';
            end if;
            if public.akako_said('actor') is null or public.akako_said('reason') is null then
                raise exception 'events are not % without saying who does it, and why', what
                    using errcode = 'check_violation', hint = 'Set akako.actor and akako.reason for the transaction.';
            end if;
            insert into public.audit_log
                (action, user_id, clerk_user_id, actor, actor_email, reason, cause, after)
            select 'event.' || what, users.id, alone.clerk_user_id, public.akako_actor(),
                   public.akako_said('actor_email'), public.akako_said('reason'),
                   coalesce(alone.svix_id, public.akako_said('cause')),
                   jsonb_strip_nulls(jsonb_build_object(
                       'svix_ids', case when kept.count > 1 then kept.ids end,
                       'forced', public.akako_said('forced')::boolean))
            from (
                select count(*) as count, jsonb_agg(svix_id order by svix_id) as ids, min(svix_id) as first
                from public.webhook_events where svix_id = any(svix_ids)
            ) as kept
            left join public.webhook_events as alone on kept.count = 1 and alone.svix_id = kept.first
            left join public.users on users.clerk_id = alone.clerk_user_id
            where kept.count > 0;
        end $$;
ALTER FUNCTION public.akako_note_events(what text, svix_ids text[]) OWNER TO akako_owner;

CREATE FUNCTION public.akako_refuse() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
        begin
            raise exception '% on % is refused: history is only added to', tg_op, tg_table_name
                using errcode = 'insufficient_privilege',
                      hint = 'To end a role, set its effective_end_date and is_active; the trail itself stays.';
        end $$;
ALTER FUNCTION public.akako_refuse() OWNER TO akako_owner;

CREATE FUNCTION public.akako_refuse_roles_of_the_deleted() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
        declare
            gone bigint;
        begin
            perform 1 from public.users
            where id in (select user_id from fresh where is_active) order by clerk_id for share;
            select users.id into gone from public.users join fresh on fresh.user_id = users.id
            where fresh.is_active and users.deleted_at is not null limit 1;
            if gone is not null then
                raise exception 'user % is deleted and can hold no role', gone
                    using errcode = 'check_violation', table = 'user_roles', constraint = 'user_roles_of_the_living',
                          hint = 'A deleted user stays deleted; whoever comes back has a new Clerk id, and a new row.';
            end if;
            return null;
        end $$;
ALTER FUNCTION public.akako_refuse_roles_of_the_deleted() OWNER TO akako_owner;

CREATE FUNCTION public.akako_said(name text) RETURNS text
    LANGUAGE sql STABLE
    AS $$ select nullif(current_setting('akako.' || name, true), '') $$;
ALTER FUNCTION public.akako_said(name text) OWNER TO akako_owner;

SET default_tablespace = '';

SET default_table_access_method = heap;

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
ALTER TABLE public.alembic_version OWNER TO akako_owner;

CREATE TABLE public.audit_log (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    action text NOT NULL,
    user_id bigint,
    clerk_user_id text,
    user_role_id bigint,
    role text,
    actor text NOT NULL,
    actor_email text,
    reason text,
    cause text,
    before jsonb,
    after jsonb
);
ALTER TABLE public.audit_log OWNER TO akako_owner;
ALTER TABLE public.audit_log ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.heartbeats (
    part text NOT NULL,
    moved_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT heartbeats_known_part CHECK ((part = ANY (ARRAY['worker'::text, 'beat'::text])))
)
WITH (fillfactor='10');
ALTER TABLE public.heartbeats OWNER TO akako_owner;

CREATE TABLE public.user_roles (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    role text NOT NULL,
    role_no smallint GENERATED ALWAYS AS (
CASE role
    WHEN 'LEARNER'::text THEN 1
    WHEN 'MENTOR'::text THEN 2
    WHEN 'ADMIN'::text THEN 3
    ELSE NULL::integer
END) STORED NOT NULL,
    effective_start_date timestamp with time zone NOT NULL,
    effective_end_date timestamp with time zone,
    assigned_by text NOT NULL,
    assigned_by_email text,
    reason text,
    end_reason text,
    admin_notes text,
    is_active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT user_roles_closed_have_an_end CHECK ((is_active OR (effective_end_date IS NOT NULL))),
    CONSTRAINT user_roles_end_follows_start CHECK ((effective_end_date >= effective_start_date)),
    CONSTRAINT user_roles_finite_dates CHECK ((isfinite(effective_start_date) AND isfinite(COALESCE(effective_end_date, effective_start_date)))),
    CONSTRAINT user_roles_known_role CHECK ((role = ANY (ARRAY['LEARNER'::text, 'MENTOR'::text, 'ADMIN'::text])))
);
ALTER TABLE public.user_roles OWNER TO akako_owner;
ALTER TABLE public.user_roles ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.user_roles_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.users (
    id bigint NOT NULL,
    clerk_id text NOT NULL,
    claimed_email text,
    email text,
    first_name text,
    last_name text,
    username text,
    image_url text,
    external_id text,
    banned boolean DEFAULT false NOT NULL,
    clerk_created_at timestamp with time zone,
    clerk_updated_at timestamp with time zone,
    deleted_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT users_hold_what_they_claim CHECK (((email IS NULL) OR ((claimed_email IS NOT NULL) AND (email = claimed_email)))),
    CONSTRAINT users_living_have_a_version CHECK (((deleted_at IS NOT NULL) OR (clerk_updated_at IS NOT NULL))),
    CONSTRAINT users_tombstones_remember_no_person CHECK (((deleted_at IS NULL) OR ((num_nonnulls(claimed_email, email, first_name, last_name, username, image_url, external_id, clerk_created_at, clerk_updated_at) = 0) AND (NOT banned))))
)
WITH (fillfactor='80');
ALTER TABLE public.users OWNER TO akako_owner;
ALTER TABLE public.users ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.users_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.webhook_events (
    svix_id text NOT NULL,
    type text,
    clerk_user_id text,
    occurred_at timestamp with time zone,
    body bytea,
    svix_timestamp bigint NOT NULL,
    svix_signature text NOT NULL,
    verified_by text NOT NULL,
    status text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp with time zone DEFAULT now() NOT NULL,
    last_error text,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    applied_at timestamp with time zone,
    digest bytea,
    CONSTRAINT webhook_events_applied_at_a_time CHECK (((status = 'applied'::text) = (applied_at IS NOT NULL))),
    CONSTRAINT webhook_events_body_or_digest CHECK (((body IS NULL) = (digest IS NOT NULL))),
    CONSTRAINT webhook_events_done_before_forgotten CHECK (((body IS NOT NULL) OR (status = ANY (ARRAY['applied'::text, 'ignored'::text])))),
    CONSTRAINT webhook_events_known_status CHECK ((status = ANY (ARRAY['received'::text, 'applied'::text, 'ignored'::text, 'parked'::text, 'discarded'::text])))
)
WITH (autovacuum_vacuum_scale_factor='0.02', autovacuum_vacuum_insert_scale_factor='0.05');
ALTER TABLE public.webhook_events OWNER TO akako_owner;
INSERT INTO public.alembic_version VALUES ('0011');
INSERT INTO public.audit_log OVERRIDING SYSTEM VALUE VALUES (1, '2026-11-27 00:36:17.12935-03:30', 'user.created', 1, 'user_ada', NULL, NULL, 'database:akako_app', NULL, NULL, NULL, NULL, '{"banned": false, "deleted_at": null}');
INSERT INTO public.audit_log OVERRIDING SYSTEM VALUE VALUES (2, '2026-11-27 00:36:17.144378-03:30', 'role.assigned', 1, 'user_ada', 1, 'MENTOR', 'database:akako_app', NULL, 'Teaches.', NULL, NULL, '{"role": "MENTOR", "reason": "Teaches.", "user_id": 1, "is_active": true, "end_reason": null, "admin_notes": null, "assigned_by": "operator:grace", "assigned_by_email": null, "effective_end_date": null, "effective_start_date": "2025-12-31T20:30:00-03:30"}');
INSERT INTO public.heartbeats VALUES ('worker', '2026-11-27 00:36:17.165016-03:30', '2026-11-27 00:36:17.165016-03:30');
INSERT INTO public.user_roles OVERRIDING SYSTEM VALUE VALUES (1, 1, 'MENTOR', DEFAULT, '2025-12-31 20:30:00-03:30', NULL, 'operator:grace', NULL, 'Teaches.', NULL, NULL, true, '2026-11-27 00:36:17.144378-03:30', '2026-11-27 00:36:17.144378-03:30');
INSERT INTO public.users OVERRIDING SYSTEM VALUE VALUES (1, 'user_ada', 'ada@example.com', 'ada@example.com', 'Ada', NULL, NULL, NULL, NULL, false, NULL, '2025-12-31 20:30:00-03:30', NULL, '2026-11-27 00:36:17.12935-03:30', '2026-11-27 00:36:17.12935-03:30');
INSERT INTO public.webhook_events VALUES ('msg_1', 'user.created', 'user_ada', NULL, '\x7b7d', 0, 'v1,', '0a1b', 'parked', 0, '2026-11-27 00:36:17.162005-03:30', 'Why.', '2026-11-27 00:36:17.162005-03:30', NULL, NULL);
SELECT pg_catalog.setval('public.audit_log_id_seq', 2, true);
SELECT pg_catalog.setval('public.user_roles_id_seq', 1, true);
SELECT pg_catalog.setval('public.users_id_seq', 1, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.heartbeats
    ADD CONSTRAINT heartbeats_pkey PRIMARY KEY (part);
ALTER TABLE ONLY public.user_roles
    ADD CONSTRAINT user_roles_no_overlap EXCLUDE USING gist (point((user_id)::double precision, (role_no)::double precision) WITH ~=, tstzrange(effective_start_date, effective_end_date) WITH &&) WHERE (is_active);
ALTER TABLE ONLY public.user_roles
    ADD CONSTRAINT user_roles_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_clerk_id_key UNIQUE (clerk_id);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.webhook_events
    ADD CONSTRAINT webhook_events_pkey PRIMARY KEY (svix_id);
CREATE INDEX audit_log_action_idx ON public.audit_log USING btree (action, id);
CREATE INDEX audit_log_actor_idx ON public.audit_log USING btree (actor, id);
CREATE INDEX audit_log_at_idx ON public.audit_log USING btree (at);
CREATE INDEX audit_log_event_idx ON public.audit_log USING btree (cause, id) WHERE (action ~~ 'event.%'::text);
CREATE INDEX audit_log_events_idx ON public.audit_log USING gin (((after -> 'svix_ids'::text))) WHERE ((action ~~ 'event.%'::text) AND (after IS NOT NULL));
CREATE INDEX audit_log_role_idx ON public.audit_log USING btree (user_role_id, id) WHERE (user_role_id IS NOT NULL);
CREATE INDEX audit_log_user_idx ON public.audit_log USING btree (user_id, id);
CREATE INDEX user_roles_ending_idx ON public.user_roles USING btree (effective_end_date) WHERE (is_active AND (effective_end_date IS NOT NULL));
CREATE INDEX user_roles_role_idx ON public.user_roles USING btree (role, user_id) WHERE is_active;
CREATE INDEX user_roles_user_idx ON public.user_roles USING btree (user_id);
CREATE INDEX users_claimed_email_idx ON public.users USING btree (lower((claimed_email COLLATE "C"))) WHERE (claimed_email IS NOT NULL);

CREATE UNIQUE INDEX users_email_key ON public.users USING btree (lower((email COLLATE "C")));
CREATE INDEX users_last_name_idx ON public.users USING btree (lower(last_name) COLLATE "C");
CREATE INDEX users_name_idx ON public.users USING btree ("left"(lower(ltrim(((COALESCE(first_name, ''::text) || ' '::text) || COALESCE(last_name, ''::text)))), 200) COLLATE "C");
CREATE INDEX users_username_idx ON public.users USING btree (lower(username) COLLATE "C");
CREATE INDEX webhook_events_aside_idx ON public.webhook_events USING btree (status, received_at) WHERE (status = ANY (ARRAY['ignored'::text, 'parked'::text, 'discarded'::text]));
CREATE INDEX webhook_events_bodies_idx ON public.webhook_events USING btree (received_at) WHERE ((body IS NOT NULL) AND (status = ANY (ARRAY['applied'::text, 'ignored'::text])));
CREATE INDEX webhook_events_due_idx ON public.webhook_events USING btree (next_attempt_at) WHERE (status = 'received'::text);
CREATE INDEX webhook_events_error_idx ON public.webhook_events USING btree (received_at) WHERE (last_error IS NOT NULL);
CREATE INDEX webhook_events_received_idx ON public.webhook_events USING btree (received_at);
CREATE INDEX webhook_events_secret_idx ON public.webhook_events USING btree (verified_by, received_at);
CREATE INDEX webhook_events_type_idx ON public.webhook_events USING btree (type, received_at) WHERE (type <> ALL (ARRAY['user.created'::text, 'user.updated'::text]));
CREATE INDEX webhook_events_user_idx ON public.webhook_events USING btree (clerk_user_id);

CREATE STATISTICS public.users_claimed_email_stats ON lower(claimed_email COLLATE "C") FROM public.users;
ALTER STATISTICS public.users_claimed_email_stats OWNER TO akako_owner;
CREATE TRIGGER audit_change AFTER UPDATE ON public.user_roles FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION public.akako_audit_role();
ALTER TABLE public.user_roles ENABLE ALWAYS TRIGGER audit_change;
CREATE TRIGGER audit_change AFTER UPDATE ON public.users FOR EACH ROW WHEN ((((old.deleted_at IS NULL) <> (new.deleted_at IS NULL)) OR (old.banned <> new.banned))) EXECUTE FUNCTION public.akako_audit_user();
ALTER TABLE public.users ENABLE ALWAYS TRIGGER audit_change;
CREATE TRIGGER audit_new AFTER INSERT ON public.user_roles REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION public.akako_audit_new_roles();
ALTER TABLE public.user_roles ENABLE ALWAYS TRIGGER audit_new;
CREATE TRIGGER audit_new AFTER INSERT ON public.users REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION public.akako_audit_new_users();
ALTER TABLE public.users ENABLE ALWAYS TRIGGER audit_new;
CREATE TRIGGER audit_status AFTER UPDATE OF status ON public.webhook_events FOR EACH ROW WHEN (((new.status <> old.status) AND ((old.status <> 'received'::text) OR (new.status = 'discarded'::text)))) EXECUTE FUNCTION public.akako_audit_event();
ALTER TABLE public.webhook_events ENABLE ALWAYS TRIGGER audit_status;
CREATE TRIGGER body_only_forgotten BEFORE UPDATE OF body, digest ON public.webhook_events FOR EACH ROW WHEN (((old.body IS DISTINCT FROM new.body) OR (old.digest IS DISTINCT FROM new.digest))) EXECUTE FUNCTION public.akako_forget_body();
ALTER TABLE public.webhook_events ENABLE ALWAYS TRIGGER body_only_forgotten;
CREATE TRIGGER never_removed BEFORE DELETE OR TRUNCATE ON public.user_roles FOR EACH STATEMENT EXECUTE FUNCTION public.akako_refuse();
ALTER TABLE public.user_roles ENABLE ALWAYS TRIGGER never_removed;
CREATE TRIGGER of_the_living_insert AFTER INSERT ON public.user_roles REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION public.akako_refuse_roles_of_the_deleted();
ALTER TABLE public.user_roles ENABLE ALWAYS TRIGGER of_the_living_insert;
CREATE TRIGGER of_the_living_update AFTER UPDATE ON public.user_roles REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION public.akako_refuse_roles_of_the_deleted();
ALTER TABLE public.user_roles ENABLE ALWAYS TRIGGER of_the_living_update;
CREATE TRIGGER only_added_to BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_log FOR EACH STATEMENT EXECUTE FUNCTION public.akako_refuse();
ALTER TABLE public.audit_log ENABLE ALWAYS TRIGGER only_added_to;
ALTER TABLE ONLY public.user_roles
    ADD CONSTRAINT user_roles_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);
GRANT USAGE ON SCHEMA public TO akako_app;
REVOKE ALL ON FUNCTION public.akako_audit_event() FROM PUBLIC;
REVOKE ALL ON FUNCTION public.akako_audit_new_roles() FROM PUBLIC;
REVOKE ALL ON FUNCTION public.akako_audit_new_users() FROM PUBLIC;
REVOKE ALL ON FUNCTION public.akako_audit_role() FROM PUBLIC;
REVOKE ALL ON FUNCTION public.akako_audit_user() FROM PUBLIC;
REVOKE ALL ON FUNCTION public.akako_forget_body() FROM PUBLIC;
REVOKE ALL ON FUNCTION public.akako_note_events(what text, svix_ids text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.akako_note_events(what text, svix_ids text[]) TO akako_app;
GRANT SELECT ON TABLE public.alembic_version TO akako_app;
GRANT SELECT ON TABLE public.audit_log TO akako_app;
GRANT SELECT,INSERT ON TABLE public.heartbeats TO akako_app;
GRANT UPDATE(moved_at) ON TABLE public.heartbeats TO akako_app;
GRANT UPDATE(seen_at) ON TABLE public.heartbeats TO akako_app;
GRANT SELECT,INSERT ON TABLE public.user_roles TO akako_app;
GRANT UPDATE(effective_end_date) ON TABLE public.user_roles TO akako_app;
GRANT UPDATE(end_reason) ON TABLE public.user_roles TO akako_app;
GRANT UPDATE(admin_notes) ON TABLE public.user_roles TO akako_app;
GRANT UPDATE(is_active) ON TABLE public.user_roles TO akako_app;
GRANT UPDATE(updated_at) ON TABLE public.user_roles TO akako_app;
GRANT SELECT,INSERT ON TABLE public.users TO akako_app;
GRANT UPDATE(claimed_email) ON TABLE public.users TO akako_app;
GRANT UPDATE(email) ON TABLE public.users TO akako_app;
GRANT UPDATE(first_name) ON TABLE public.users TO akako_app;
GRANT UPDATE(last_name) ON TABLE public.users TO akako_app;
GRANT UPDATE(username) ON TABLE public.users TO akako_app;
GRANT UPDATE(image_url) ON TABLE public.users TO akako_app;
GRANT UPDATE(external_id) ON TABLE public.users TO akako_app;
GRANT UPDATE(banned) ON TABLE public.users TO akako_app;
GRANT UPDATE(clerk_created_at) ON TABLE public.users TO akako_app;
GRANT UPDATE(clerk_updated_at) ON TABLE public.users TO akako_app;
GRANT UPDATE(deleted_at) ON TABLE public.users TO akako_app;
GRANT UPDATE(updated_at) ON TABLE public.users TO akako_app;
GRANT SELECT,INSERT ON TABLE public.webhook_events TO akako_app;
GRANT UPDATE(body) ON TABLE public.webhook_events TO akako_app;
GRANT UPDATE(status) ON TABLE public.webhook_events TO akako_app;
GRANT UPDATE(attempts) ON TABLE public.webhook_events TO akako_app;
GRANT UPDATE(next_attempt_at) ON TABLE public.webhook_events TO akako_app;
GRANT UPDATE(last_error) ON TABLE public.webhook_events TO akako_app;
GRANT UPDATE(applied_at) ON TABLE public.webhook_events TO akako_app;
