"""The body of a processed event can be erased; the database keeps its digest."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("alter table webhook_events add column digest bytea, alter column body drop not null")
    op.execute("""
        alter table webhook_events
            add constraint webhook_events_body_or_digest check ((body is null) = (digest is not null)),
            add constraint webhook_events_done_before_forgotten
                check (body is not null or status in ('applied', 'ignored'))
    """)
    # Only what still has a body to lose: the next batch is at its beginning, however many were forgotten before.
    op.execute("""
        create index webhook_events_bodies_idx on webhook_events (received_at)
        where body is not null and status in ('applied', 'ignored')
    """)
    op.execute("""
        create function akako_forget_body() returns trigger
        language plpgsql set search_path = pg_catalog, pg_temp as $$
        begin
            if old.body is null or new.body is not null then
                raise exception 'what was signed is never changed' using errcode = 'insufficient_privilege',
                    hint = 'A done event can lose its body (set it to null), and gets its digest by itself.';
            end if;
            new.digest := sha256(old.body);
            return new;
        end $$
    """)
    op.execute("""
        create trigger body_only_forgotten before update of body, digest on webhook_events for each row
        when (old.body is distinct from new.body or old.digest is distinct from new.digest)
        execute function akako_forget_body()
    """)
    op.execute("alter table webhook_events enable always trigger body_only_forgotten")
    op.execute("revoke execute on function akako_forget_body() from public")


def downgrade() -> None:
    # Refused by PostgreSQL once anything was forgotten: nobody can bring a body back.
    op.execute("alter table webhook_events alter column body set not null")
    op.execute("drop trigger body_only_forgotten on webhook_events")
    op.execute("drop function akako_forget_body()")
    op.execute("drop index webhook_events_bodies_idx")
    op.execute("""
        alter table webhook_events
            drop constraint webhook_events_done_before_forgotten,
            drop constraint webhook_events_body_or_digest,
            drop column digest
    """)
