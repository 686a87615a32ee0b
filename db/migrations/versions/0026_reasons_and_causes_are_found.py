"""Reasons of events are searched and counted by their kinds, and the audit trail by what caused a change."""

from alembic import op

revision = "0026"
down_revision = "0024"


def upgrade() -> None:
    op.execute(r"""
        create index webhook_events_reason_idx on webhook_events (
            status, left(regexp_replace(left(last_error, 400), '\w*\d[\w:.+-]*\w|\w*\d', '*', 'g'), 200), received_at,
            svix_id) where last_error is not null
    """)
    op.execute("drop index webhook_events_error_idx")
    op.execute("create index audit_log_cause_idx on audit_log (cause, id) where cause is not null")
    op.execute("drop index audit_log_event_idx")


def downgrade() -> None:
    op.execute("create index webhook_events_error_idx on webhook_events (received_at) where last_error is not null")
    op.execute("drop index webhook_events_reason_idx")
    op.execute("create index audit_log_event_idx on audit_log (cause, id) where action like 'event.%'")
    op.execute("drop index audit_log_cause_idx")
