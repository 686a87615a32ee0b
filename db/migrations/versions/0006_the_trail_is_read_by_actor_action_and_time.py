"""The audit trail has indexes for actor, action and time."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("create index audit_log_actor_idx on audit_log (actor, id)")
    op.execute("create index audit_log_action_idx on audit_log (action, id)")
    op.execute("create index audit_log_at_idx on audit_log (at)")
    op.execute("create index audit_log_role_idx on audit_log (user_role_id, id) where user_role_id is not null")


def downgrade() -> None:
    op.execute("drop index audit_log_role_idx, audit_log_at_idx, audit_log_action_idx, audit_log_actor_idx")
