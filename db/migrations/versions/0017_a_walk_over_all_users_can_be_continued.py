"""Walks over all users of Clerk record their progress and result."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.execute("""
        create table walks (
            id bigint generated always as identity primary key,
            kind text not null constraint walks_known_kind check (kind in ('backfill')),
            instance_id text not null,
            started_at timestamptz not null default now(),
            saved_at timestamptz not null default now(),
            phase text not null constraint walks_known_phase check (phase in ('pages', 'updates', 'ended')),
            cursor text,
            newest timestamptz,
            count_before bigint not null,
            count_after bigint,
            seen bigint not null default 0,
            created bigint not null default 0,
            updated bigint not null default 0,
            unchanged bigint not null default 0,
            deleted bigint not null default 0,
            skipped bigint not null default 0,
            outcome text constraint walks_known_outcome check (outcome in ('complete', 'incomplete')),
            reason text,
            constraint walks_ended check ((phase = 'ended') = (outcome is not null))
        ) with (fillfactor = 50)
    """)
    op.execute("create unique index walks_one_unfinished on walks (kind, instance_id) where phase <> 'ended'")
    op.execute("alter table leases drop constraint leases_known_name")
    op.execute("alter table leases add constraint leases_known_name check (name in ('direct_apply', 'backfill'))")


def downgrade() -> None:
    op.execute("delete from leases where name <> 'direct_apply'")
    op.execute("alter table leases drop constraint leases_known_name")
    op.execute("alter table leases add constraint leases_known_name check (name in ('direct_apply'))")
    op.execute("drop table walks")
