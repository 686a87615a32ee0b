"""Deletions above a limit wait for a person, and a user whose deletion Clerk confirmed has no access meanwhile."""

from alembic import op

revision = "0019"
down_revision = "0018"

STATUSES = "'received', 'applied', 'ignored', 'parked', 'discarded'"
ASIDE = "'ignored', 'parked', 'discarded'"
PERSON = (
    "claimed_email, email, first_name, last_name, username, image_url, external_id, clerk_created_at, clerk_updated_at,"
    " email_verified, banned_as_of, search_keys"
)
WATCHED = "old.deleted_at is distinct from new.deleted_at or old.banned <> new.banned"

NOTE_REFUSED = "akako_note_refused(text, text[], text)"

# What is replaced in functions of earlier migrations, as (function, before, after).
REPLACED = (
    (
        "akako_audit_user()",
        "when new.banned then 'user.banned'",
        "when old.banned = new.banned then"
        " case when new.access_ended then 'user.access_ended' else 'user.access_restored' end\n"
        "                    when new.banned then 'user.banned'",
    ),
    *(
        (
            "akako_audit_user()",
            f"jsonb_build_object('banned', {row}.banned, 'deleted_at', {row}.deleted_at)",
            f"jsonb_build_object('banned', {row}.banned, 'deleted_at', {row}.deleted_at)"
            " || case when old.access_ended or new.access_ended"
            f" then jsonb_build_object('access_ended', {row}.access_ended) else '{{}}'::jsonb end",
        )
        for row in ("old", "new")
    ),
    (
        "akako_note_refused(text, text[], text)",
        "and (banned or not needed",
        "and (banned or access_ended or not needed",
    ),
    (
        "akako_note_refused(text, text[], text)",
        "select id, clerk_id, banned into refused",
        "select id, clerk_id, banned or access_ended as banned into refused",
    ),
    (
        "akako_audit_event()",
        "then 'event.discarded' else",
        "then 'event.discarded' when old.status = 'held' then 'event.released' else",
    ),
)

CURRENT_USERS = """
    create or replace view akako.current_users as
    select id, clerk_id, email, first_name, last_name, username, image_url, external_id, {banned} as banned,
           deleted_at is not null as deleted, created_at, updated_at
    from akako.users
"""
CURRENT_ROLES = """
    create or replace view akako.current_roles as
    select user_id, clerk_id, role, user_roles.id as assignment_id, effective_start_date, effective_end_date,
           assigned_by, reason
    from akako.user_roles join akako.users on users.id = user_id
    where not {banned} and deleted_at is null and is_active
      and effective_start_date <= now() and (effective_end_date is null or effective_end_date > now())
"""


def upgrade() -> None:
    op.execute("alter table users add column access_ended boolean not null default false")
    _remember_no_person("not banned and not access_ended")
    for function, before, after in REPLACED:
        _replace(function, before, after)
    _watch(f"{WATCHED} or old.access_ended <> new.access_ended")
    _show("(banned or access_ended)")
    _know_statuses(f"{STATUSES}, 'held'", f"{ASIDE}, 'held'")
    _make_holds()
    _watch_holds()
    _make_counts()


def _remember_no_person(condition: str) -> None:
    op.execute("alter table users drop constraint users_tombstones_remember_no_person")
    op.execute(f"""
        alter table users add constraint users_tombstones_remember_no_person
        check (deleted_at is null or (num_nonnulls({PERSON}) = 0 and {condition}))
    """)


def _replace(function: str, before: str, after: str) -> None:
    op.execute(f"""
        do $do$
        declare
            definition text := pg_get_functiondef('{function}'::regprocedure);
        begin
            if strpos(definition, $text${before}$text$) = 0 then
                raise exception '{function} is not the function that this migration changes'
                    using hint = 'Restore the function from the migrations before this one, then run akako migrate.';
            end if;
            execute replace(definition, $text${before}$text$, $text${after}$text$);
        end $do$
    """)


def _watch(condition: str) -> None:
    op.execute("drop trigger audit_change on users")
    op.execute(f"""
        create trigger audit_change after update on users for each row
        when ({condition}) execute function akako_audit_user()
    """)
    op.execute("alter table users enable always trigger audit_change")


def _show(banned: str) -> None:
    for view in (CURRENT_USERS, CURRENT_ROLES):
        op.execute(view.format(banned=banned))


def _know_statuses(statuses: str, aside: str) -> None:
    op.execute("alter table webhook_events drop constraint webhook_events_known_status")
    op.execute(f"""
        alter table webhook_events add constraint webhook_events_known_status check (status in ({statuses}))
    """)
    op.execute("drop index webhook_events_aside_idx")
    op.execute(f"""
        create index webhook_events_aside_idx on webhook_events (status, received_at) where status in ({aside})
    """)


def _make_holds() -> None:
    op.execute("""
        create table deletion_holds (
            id bigint generated always as identity primary key,
            clerk_id text not null,
            kind text not null constraint deletion_holds_known_kind check (kind in ('signed', 'inferred')),
            svix_id text,
            cause text not null,
            occurred_at timestamptz not null,
            held_at timestamptz not null default clock_timestamp(),
            asked_at timestamptz,
            exists_at_clerk boolean,
            confirmed_at timestamptz,
            ended_at timestamptz,
            outcome text constraint deletion_holds_known_outcome check (outcome in ('released', 'rejected')),
            ended_by text,
            reason text,
            constraint deletion_holds_signed_by_a_delivery check ((kind = 'signed') = (svix_id is not null)),
            constraint deletion_holds_end_is_complete check (
                num_nonnulls(ended_at, outcome, ended_by, reason) in (0, 4))
        ) with (fillfactor = 70)
    """)
    op.execute("create unique index deletion_holds_open_key on deletion_holds (clerk_id) where ended_at is null")
    op.execute("create index deletion_holds_user_idx on deletion_holds (clerk_id, id)")


def _watch_holds() -> None:
    """Each hold and each decision leaves a line in the trail, and a decision is final."""
    op.execute("""
        create function akako_audit_hold() returns trigger
        language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
        begin
            insert into akako.audit_log (action, user_id, clerk_user_id, actor, actor_email, reason, cause, after)
            values (
                'deletion.' || coalesce(new.outcome, 'held'),
                (select id from akako.users where clerk_id = new.clerk_id), new.clerk_id,
                akako.akako_actor(), akako.akako_said('actor_email'), akako.akako_said('reason'), new.cause,
                jsonb_build_object('kind', new.kind, 'occurred_at', new.occurred_at));
            return null;
        end $$
    """)
    op.execute("revoke execute on function akako_audit_hold() from public")
    op.execute("""
        create trigger audit_new after insert on deletion_holds for each row execute function akako_audit_hold()
    """)
    op.execute("""
        create trigger audit_end after update of outcome on deletion_holds for each row
        when (old.outcome is distinct from new.outcome) execute function akako_audit_hold()
    """)
    op.execute("""
        create trigger end_stays before update on deletion_holds for each row
        when (old.ended_at is not null) execute function akako_refuse()
    """)
    for trigger in ("audit_new", "audit_end", "end_stays"):
        op.execute(f"alter table deletion_holds enable always trigger {trigger}")


def _make_counts() -> None:
    """Deletions by minute; 61 minutes, since the oldest and the current one are not whole."""
    op.execute("""
        create table deletion_counts (
            kind text not null constraint deletion_counts_known_kind check (kind in ('signed', 'inferred')),
            slot smallint not null constraint deletion_counts_known_slot check (slot between 0 and 60),
            minute timestamptz not null,
            deletions integer not null,
            primary key (kind, slot)
        ) with (fillfactor = 50)
    """)
    op.execute("insert into locks (name) values ('deletions')")


def downgrade() -> None:
    op.execute("""
        do $do$ begin
            if exists (select from deletion_holds where ended_at is null) then
                raise exception 'deletions are held' using hint =
                    'Decide about them first: akako deletions list, then akako deletions release or reject.';
            end if;
        end $do$
    """)
    op.execute("delete from locks where name = 'deletions'")
    op.execute("drop table deletion_counts")
    op.execute("drop table deletion_holds")
    op.execute("drop function akako_audit_hold()")
    _know_statuses(STATUSES, ASIDE)
    _show("banned")
    _watch(WATCHED)
    for function, before, after in reversed(REPLACED):
        _replace(function, after, before)
    _remember_no_person("not banned")
    op.execute("alter table users drop column access_ended")
