"""Roles are held in windows of time; active windows of one role of one user cannot overlap."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # A point stands for "this user, this role": gist compares points everywhere, scalars only with an extension that
    # not every host offers. Ranges of one number would do as well, at more than twice the cost a row.
    op.execute("""
        create table user_roles (
            id bigint generated always as identity primary key,
            user_id bigint not null references users (id),
            role text not null constraint user_roles_known_role check (role in ('LEARNER', 'MENTOR', 'ADMIN')),
            role_no smallint not null generated always as
                (case role when 'LEARNER' then 1 when 'MENTOR' then 2 when 'ADMIN' then 3 end) stored,
            effective_start_date timestamptz not null,
            effective_end_date timestamptz,
            assigned_by text not null,
            assigned_by_email text,
            reason text,
            end_reason text,
            admin_notes text,
            is_active boolean not null default true,
            created_at timestamptz not null default now(),
            updated_at timestamptz not null default now(),
            constraint user_roles_end_follows_start check (effective_end_date >= effective_start_date),
            constraint user_roles_closed_have_an_end check (is_active or effective_end_date is not null),
            constraint user_roles_finite_dates check (
                isfinite(effective_start_date) and isfinite(coalesce(effective_end_date, effective_start_date))),
            constraint user_roles_no_overlap exclude using gist (
                point(user_id, role_no) with ~=,
                tstzrange(effective_start_date, effective_end_date) with &&
            ) where (is_active)
        )
    """)
    op.execute("create index user_roles_user_idx on user_roles (user_id)")
    op.execute("""
        create index user_roles_ending_idx on user_roles (effective_end_date)
        where is_active and effective_end_date is not null
    """)
    _refuse_the_deleted()


def _refuse_the_deleted() -> None:
    """Whoever gives a role to a user waits for a deletion under way, and is then refused.

    The foreign key would not do: its lock lets a deletion pass, which leaves the row and only empties it.
    """
    op.execute("""
        create function akako_refuse_roles_of_the_deleted() returns trigger
        language plpgsql set search_path = pg_catalog, pg_temp as $$
        declare
            gone bigint;
        begin
            perform 1 from akako.users
            where id in (select user_id from fresh where is_active) order by clerk_id for share;
            select users.id into gone from akako.users join fresh on fresh.user_id = users.id
            where fresh.is_active and users.deleted_at is not null limit 1;
            if gone is not null then
                raise exception 'user % is deleted and can hold no role', gone
                    using errcode = 'check_violation', table = 'user_roles', constraint = 'user_roles_of_the_living',
                          hint = 'A deleted user stays deleted; whoever comes back has a new Clerk id, and a new row.';
            end if;
            return null;
        end $$
    """)
    for event in ("insert", "update"):
        op.execute(f"""
            create trigger of_the_living_{event} after {event} on user_roles referencing new table as fresh
            for each statement execute function akako_refuse_roles_of_the_deleted()
        """)
        op.execute(f"alter table user_roles enable always trigger of_the_living_{event}")


def downgrade() -> None:
    op.execute("drop table user_roles")
    op.execute("drop function akako_refuse_roles_of_the_deleted()")
