"""Deliveries are stored unchanged, with their signature and processing status."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    # Bytes, not jsonb: jsonb refuses bodies that are validly signed JSON.
    op.execute("""
        create table webhook_events (
            svix_id text primary key,
            type text,
            clerk_user_id text,
            occurred_at timestamptz,
            body bytea not null,
            svix_timestamp bigint not null,
            svix_signature text not null,
            verified_by text not null,
            status text not null constraint webhook_events_known_status
                check (status in ('received', 'applied', 'ignored', 'parked', 'discarded')),
            attempts integer not null default 0,
            next_attempt_at timestamptz not null default now(),
            last_error text,
            received_at timestamptz not null default now(),
            applied_at timestamptz,
            constraint webhook_events_applied_at_a_time check ((status = 'applied') = (applied_at is not null))
        ) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05)
    """)
    op.execute("create index webhook_events_due_idx on webhook_events (next_attempt_at) where status = 'received'")
    op.execute("create index webhook_events_parked_idx on webhook_events (received_at) where status = 'parked'")


def downgrade() -> None:
    op.execute("drop table webhook_events")
