"""Events can be searched by time, user, type, status and error; actions on events are recorded in the audit trail."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    # Every event pays for the first two when it comes and again when it is applied; for the others only rare ones pay.
    op.execute("create index webhook_events_received_idx on webhook_events (received_at)")
    op.execute("create index webhook_events_user_idx on webhook_events (clerk_user_id)")
    op.execute("drop index webhook_events_parked_idx")
    op.execute("""
        create index webhook_events_aside_idx on webhook_events (status, received_at)
        where status in ('ignored', 'parked', 'discarded')
    """)
    op.execute("""
        create index webhook_events_type_idx on webhook_events (type, received_at)
        where type not in ('user.created', 'user.updated')
    """)
    op.execute("create index webhook_events_error_idx on webhook_events (received_at) where last_error is not null")
    op.execute("create index audit_log_event_idx on audit_log (cause, id) where action like 'event.%'")
    op.execute("""
        create index audit_log_events_idx on audit_log using gin ((after -> 'svix_ids'))
        where action like 'event.%' and after is not null
    """)
    _watch_what_people_decide()
    _note_what_people_do()


def _watch_what_people_decide() -> None:
    """A status that only a person changes: discarded, or taken up again after it was settled."""
    op.execute("""
        create function akako_audit_event() returns trigger
        language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
        begin
            if akako.akako_said('reason') is null then
                raise exception 'event % is not % without a reason', new.svix_id, new.status
                    using errcode = 'check_violation', table = 'webhook_events', constraint = 'audit_event',
                          hint = 'Say why: `akako events replay` and `akako events discard` take --reason.';
            end if;
            insert into akako.audit_log
                (action, user_id, clerk_user_id, actor, actor_email, reason, cause, before, after)
            values (
                case when new.status = 'discarded' then 'event.discarded' else 'event.replayed' end,
                (select id from akako.users where clerk_id = new.clerk_user_id), new.clerk_user_id,
                akako.akako_actor(), akako.akako_said('actor_email'), akako.akako_said('reason'), new.svix_id,
                jsonb_build_object('status', old.status),
                jsonb_strip_nulls(jsonb_build_object(
                    'status', new.status, 'forced', akako.akako_said('forced')::boolean)));
            return null;
        end $$
    """)
    op.execute("revoke execute on function akako_audit_event() from public")
    op.execute("""
        create trigger audit_status after update of status on webhook_events for each row
        when (new.status <> old.status and (old.status <> 'received' or new.status = 'discarded'))
        execute function akako_audit_event()
    """)
    op.execute("alter table webhook_events enable always trigger audit_status")


def _note_what_people_do() -> None:
    """What leaves no mark on an event's row: it was applied again, or its personal fields were looked at.

    Writes these two kinds of lines only, about kept events only; the application may call it, and still not write to
    the trail itself.
    """
    op.execute("""
        create function akako_note_events(what text, svix_ids text[]) returns void
        language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
        begin
            if what is null or what not in ('replayed', 'revealed') then
                raise exception 'events are replayed or revealed, not %', coalesce(what, 'nothing')
                    using errcode = 'check_violation';
            end if;
            if akako.akako_said('actor') is null or akako.akako_said('reason') is null then
                raise exception 'events are not % without saying who does it, and why', what
                    using errcode = 'check_violation', hint = 'Set akako.actor and akako.reason for the transaction.';
            end if;
            insert into akako.audit_log
                (action, user_id, clerk_user_id, actor, actor_email, reason, cause, after)
            select 'event.' || what, users.id, alone.clerk_user_id, akako.akako_actor(),
                   akako.akako_said('actor_email'), akako.akako_said('reason'),
                   coalesce(alone.svix_id, akako.akako_said('cause')),
                   jsonb_strip_nulls(jsonb_build_object(
                       'svix_ids', case when kept.count > 1 then kept.ids end,
                       'forced', akako.akako_said('forced')::boolean))
            from (
                select count(*) as count, jsonb_agg(svix_id order by svix_id) as ids, min(svix_id) as first
                from akako.webhook_events where svix_id = any(svix_ids)
            ) as kept
            left join akako.webhook_events as alone on kept.count = 1 and alone.svix_id = kept.first
            left join akako.users on users.clerk_id = alone.clerk_user_id
            where kept.count > 0;
        end $$
    """)
    op.execute("revoke execute on function akako_note_events(text, text[]) from public")


def downgrade() -> None:
    op.execute("drop function akako_note_events(text, text[])")
    op.execute("drop trigger audit_status on webhook_events")
    op.execute("drop function akako_audit_event()")
    op.execute("drop index audit_log_events_idx, audit_log_event_idx")
    op.execute("drop index webhook_events_error_idx, webhook_events_type_idx, webhook_events_aside_idx")
    op.execute("create index webhook_events_parked_idx on webhook_events (received_at) where status = 'parked'")
    op.execute("drop index webhook_events_user_idx, webhook_events_received_idx")
