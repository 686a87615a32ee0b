"""Other applications read users and roles through views."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.execute("""
        create view akako.current_users as
        select id, clerk_id, email, first_name, last_name, username, image_url, external_id, banned,
               deleted_at is not null as deleted, created_at, updated_at
        from akako.users
    """)
    op.execute("""
        create view akako.current_roles as
        select user_id, clerk_id, role, user_roles.id as assignment_id, effective_start_date, effective_end_date,
               assigned_by, reason
        from akako.user_roles join akako.users on users.id = user_id
        where not banned and deleted_at is null and is_active
          and effective_start_date <= now() and (effective_end_date is null or effective_end_date > now())
    """)
    op.execute("""
        create view akako.role_history as
        select user_id, clerk_id, role, user_roles.id as assignment_id, effective_start_date, effective_end_date,
               assigned_by, reason, end_reason, user_roles.created_at as recorded_at,
               user_roles.updated_at as last_changed_at
        from akako.user_roles join akako.users on users.id = user_id
    """)


def downgrade() -> None:
    for view in ("role_history", "current_roles", "current_users"):
        op.execute(f"drop view akako.{view}")
