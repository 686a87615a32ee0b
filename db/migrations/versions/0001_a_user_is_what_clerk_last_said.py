"""Users hold the newest state from Clerk; a deleted user remains as a tombstone without personal data."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("""
        create table users (
            id bigint generated always as identity primary key,
            clerk_id text not null unique,
            claimed_email text,
            email text,
            first_name text,
            last_name text,
            username text,
            image_url text,
            external_id text,
            banned boolean not null default false,
            clerk_created_at timestamptz,
            clerk_updated_at timestamptz,
            deleted_at timestamptz,
            created_at timestamptz not null default now(),
            updated_at timestamptz not null default now(),
            constraint users_hold_what_they_claim
                check (email is null or (claimed_email is not null and email = claimed_email)),
            constraint users_living_have_a_version
                check (deleted_at is not null or clerk_updated_at is not null),
            constraint users_tombstones_remember_no_person
                check (deleted_at is null or (
                    num_nonnulls(claimed_email, email, first_name, last_name, username, image_url, external_id,
                                 clerk_created_at, clerk_updated_at) = 0
                    and not banned))
        ) with (fillfactor = 80)
    """)
    op.execute('create unique index users_email_key on users (lower(email collate "C"))')
    op.execute("""
        create index users_claimed_email_idx on users (lower(claimed_email collate "C"))
        where claimed_email is not null
    """)


def downgrade() -> None:
    op.execute("drop table users")
