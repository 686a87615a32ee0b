"""Worker and scheduler record heartbeats."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    # One row a part, however many processes it has: which of them moved is for their own metrics to say.
    op.execute("""
        create table heartbeats (
            part text primary key constraint heartbeats_known_part check (part in ('worker', 'beat')),
            moved_at timestamptz not null,
            seen_at timestamptz not null default now()
        ) with (fillfactor = 10)
    """)


def downgrade() -> None:
    op.execute("drop table heartbeats")
