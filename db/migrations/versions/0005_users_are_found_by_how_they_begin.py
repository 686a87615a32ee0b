"""Users can be searched by prefix of name, username or e-mail address, and by role."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    # Ordered byte by byte ("C"), so that a prefix is one range of the index, whatever the host's language is.
    op.execute("""
        create index users_name_idx on users
            ((lower(ltrim(coalesce(first_name, '') || ' ' || coalesce(last_name, ''))) collate "C"))
    """)
    op.execute('create index users_last_name_idx on users ((lower(last_name) collate "C"))')
    op.execute('create index users_username_idx on users ((lower(username) collate "C"))')
    # Without them the planner knows nothing of an address's beginning: the index on it is of a part of the rows only.
    op.execute("""
        create statistics users_claimed_email_stats on (lower(claimed_email collate "C")) from users
    """)
    op.execute("analyze users")
    op.execute("create index user_roles_role_idx on user_roles (role, user_id) where is_active")


def downgrade() -> None:
    op.execute("drop statistics users_claimed_email_stats")
    op.execute("drop index user_roles_role_idx, users_username_idx, users_last_name_idx, users_name_idx")
