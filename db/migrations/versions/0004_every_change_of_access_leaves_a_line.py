"""Every change of access is recorded in an audit trail, written by triggers and read-only."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("""
        create table audit_log (
            id bigint generated always as identity primary key,
            at timestamptz not null default now(),
            action text not null,
            user_id bigint,
            clerk_user_id text,
            user_role_id bigint,
            role text,
            actor text not null,
            actor_email text,
            reason text,
            cause text,
            before jsonb,
            after jsonb
        )
    """)
    op.execute("create index audit_log_user_idx on audit_log (user_id, id)")
    _say_who_and_why()
    _watch_users()
    _watch_roles()
    _refuse_edits()
    _keep_the_pen()


def _say_who_and_why() -> None:
    """What the transaction said of itself with set_config(..., true); a transaction that said nothing is a person's."""
    op.execute("""
        create function akako_said(name text) returns text language sql stable as
        $$ select nullif(current_setting('akako.' || name, true), '') $$
    """)
    op.execute("""
        create function akako_actor() returns text language sql stable as
        $$ select coalesce(akako.akako_said('actor'), 'database:' || session_user) $$
    """)
    # A set of events has one cause per user: a map from Clerk's user id to the svix id.
    op.execute("""
        create function akako_cause(clerk_user_id text) returns text language sql stable as
        $$ select coalesce(akako.akako_said('causes')::jsonb ->> clerk_user_id, akako.akako_said('cause')) $$
    """)


def _watch_users() -> None:
    op.execute("""
        create function akako_audit_new_users() returns trigger
        language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
        declare
            causes jsonb := akako.akako_said('causes');
        begin
            insert into akako.audit_log (action, user_id, clerk_user_id, actor, actor_email, reason, cause, after)
            select case when deleted_at is null then 'user.created' else 'user.deleted' end,
                   id, clerk_id, akako.akako_actor(), akako.akako_said('actor_email'), akako.akako_said('reason'),
                   coalesce(causes ->> clerk_id, akako.akako_said('cause')),
                   jsonb_build_object('banned', banned, 'deleted_at', deleted_at)
            from fresh
            order by id;
            return null;
        end $$
    """)
    op.execute("""
        create trigger audit_new after insert on users referencing new table as fresh
        for each statement execute function akako_audit_new_users()
    """)
    op.execute("""
        create function akako_audit_user() returns trigger
        language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
        begin
            insert into akako.audit_log
                (action, user_id, clerk_user_id, actor, actor_email, reason, cause, before, after)
            values (
                case
                    when old.deleted_at is null and new.deleted_at is not null then 'user.deleted'
                    when old.deleted_at is not null and new.deleted_at is null then 'user.restored'
                    when new.banned then 'user.banned'
                    else 'user.unbanned'
                end,
                new.id, new.clerk_id, akako.akako_actor(), akako.akako_said('actor_email'),
                akako.akako_said('reason'), akako.akako_cause(new.clerk_id),
                jsonb_build_object('banned', old.banned, 'deleted_at', old.deleted_at),
                jsonb_build_object('banned', new.banned, 'deleted_at', new.deleted_at));
            return null;
        end $$
    """)
    op.execute("""
        create trigger audit_change after update on users for each row
        when ((old.deleted_at is null) <> (new.deleted_at is null) or old.banned <> new.banned)
        execute function akako_audit_user()
    """)


def _watch_roles() -> None:
    op.execute("""
        create function akako_audit_new_roles() returns trigger
        language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
        declare
            causes jsonb := akako.akako_said('causes');
        begin
            insert into akako.audit_log
                (action, user_id, clerk_user_id, user_role_id, role, actor, actor_email, reason, cause, after)
            select 'role.assigned', held.user_id, users.clerk_id, held.id, held.role, akako.akako_actor(),
                   akako.akako_said('actor_email'), coalesce(akako.akako_said('reason'), held.reason),
                   coalesce(causes ->> users.clerk_id, akako.akako_said('cause')),
                   to_jsonb(held) - '{id,role_no,created_at,updated_at}'::text[]
            from fresh as held join akako.users on users.id = held.user_id
            order by held.id;
            return null;
        end $$
    """)
    op.execute("""
        create trigger audit_new after insert on user_roles referencing new table as fresh
        for each statement execute function akako_audit_new_roles()
    """)
    op.execute("""
        create function akako_audit_role() returns trigger
        language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
        declare
            subject text := (select clerk_id from akako.users where id = new.user_id);
        begin
            insert into akako.audit_log
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
                new.user_id, subject, new.id, new.role, akako.akako_actor(), akako.akako_said('actor_email'),
                coalesce(akako.akako_said('reason'), new.end_reason), akako.akako_cause(subject),
                to_jsonb(old) - '{id,role_no,created_at,updated_at}'::text[],
                to_jsonb(new) - '{id,role_no,created_at,updated_at}'::text[]);
            return null;
        end $$
    """)
    op.execute("""
        create trigger audit_change after update on user_roles for each row
        when (old.* is distinct from new.*) execute function akako_audit_role()
    """)


def _keep_the_pen() -> None:
    """Firing a trigger needs no right to its function; making a trigger of one's own does, and would forge lines."""
    for function in ("akako_audit_new_users", "akako_audit_user", "akako_audit_new_roles", "akako_audit_role"):
        op.execute(f"revoke execute on function {function}() from public")


def _refuse_edits() -> None:
    op.execute("""
        create function akako_refuse() returns trigger language plpgsql as $$
        begin
            raise exception '% on % is refused: history is only added to', tg_op, tg_table_name
                using errcode = 'insufficient_privilege',
                      hint = 'To end a role, set its effective_end_date and is_active; the trail itself stays.';
        end $$
    """)
    op.execute("""
        create trigger only_added_to before update or delete or truncate on audit_log
        for each statement execute function akako_refuse()
    """)
    op.execute("""
        create trigger never_removed before delete or truncate on user_roles
        for each statement execute function akako_refuse()
    """)
    # ALWAYS: also under session_replication_role = replica, which switches ordinary triggers off.
    for table, trigger in (
        ("users", "audit_new"),
        ("users", "audit_change"),
        ("user_roles", "audit_new"),
        ("user_roles", "audit_change"),
        ("user_roles", "never_removed"),
        ("audit_log", "only_added_to"),
    ):
        op.execute(f"alter table {table} enable always trigger {trigger}")


def downgrade() -> None:
    op.execute("drop trigger audit_new on users")
    op.execute("drop trigger audit_change on users")
    op.execute("drop trigger audit_new on user_roles")
    op.execute("drop trigger audit_change on user_roles")
    op.execute("drop trigger never_removed on user_roles")
    op.execute("drop table audit_log")
    for function in (
        "akako_refuse()",
        "akako_audit_role()",
        "akako_audit_new_roles()",
        "akako_audit_user()",
        "akako_audit_new_users()",
        "akako_cause(text)",
        "akako_actor()",
        "akako_said(text)",
    ):
        op.execute(f"drop function {function}")
