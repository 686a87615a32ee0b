"""Events have an index for the signing secret that verified them."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("create index webhook_events_secret_idx on webhook_events (verified_by, received_at)")


def downgrade() -> None:
    op.execute("drop index webhook_events_secret_idx")
