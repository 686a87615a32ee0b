"""Leases, by the database's clock, let one process at a time perform an activity."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.execute("""
        create table leases (
            name text primary key constraint leases_known_name check (name in ('direct_apply')),
            holder text not null,
            expires_at timestamptz not null
        ) with (fillfactor = 10)
    """)


def downgrade() -> None:
    op.execute("drop table leases")
