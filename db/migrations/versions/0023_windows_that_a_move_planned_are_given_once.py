"""Windows that a move from Keycloak planned are given once, in place of the default role."""

from alembic import op

revision = "0023"
down_revision = "0022"

# Users that were just added, whose marker and external id name the user of Keycloak for whom a run created them. The
# marker proves that also if the import took the user for refused. The windows are those of the latest run of the realm
# that plans the user and whose import has begun.
FOUND = """
    select imports.realm, imports.keycloak_id, users.id as user_id, users.clerk_id, latest.run_id
    from unnest(clerk_ids, external_ids, markers) as said (clerk_id, external_id, marker)
    join akako.keycloak_runs as marked on marked.marker = said.marker
    join akako.keycloak_imports as imports
      on imports.realm = marked.realm and imports.keycloak_id = said.external_id and imports.run_id = marked.id
     and imports.state <> 'applied' and coalesce(imports.clerk_id, said.clerk_id) = said.clerk_id
    join akako.users on users.clerk_id = said.clerk_id and users.deleted_at is null
     and not exists (select from akako.user_roles where user_roles.user_id = users.id)
    cross join lateral (
        select max(runs.id) as run_id
        from akako.keycloak_runs as runs
        join akako.keycloak_users as planned on planned.run_id = runs.id
        where runs.realm = imports.realm and runs.import_started_at is not null
          and planned.keycloak_id = imports.keycloak_id and planned.fate = 'planned') as latest
    where latest.run_id is not null
    order by imports.realm, imports.keycloak_id
    for no key update of imports
"""


def upgrade() -> None:
    op.execute("alter table keycloak_runs add column marker text not null default gen_random_uuid()::text")
    op.execute("alter table keycloak_runs add constraint keycloak_runs_marker_key unique (marker)")
    op.execute("alter table keycloak_runs add column import_started_at timestamptz, add column import_started_by text")
    op.execute("""
        create table keycloak_imports (
            realm text not null,
            keycloak_id text not null,
            run_id bigint not null,
            state text not null default 'creating'
                constraint keycloak_imports_known_state check (state in ('creating', 'created', 'applied', 'refused')),
            reason text,
            clerk_id text constraint keycloak_imports_clerk_id_key unique,
            given_run_id bigint references keycloak_runs,
            changed_at timestamptz not null default now(),
            primary key (realm, keycloak_id),
            constraint keycloak_imports_run_id_fkey foreign key (run_id, keycloak_id) references keycloak_users
        ) with (fillfactor = 80)
    """)
    _freeze_plans()
    _give()


def _freeze_plans() -> None:
    """What a run plans stays as it was when its import began. Only the owner of the tables begins one."""
    op.execute("""
        create function akako_refuse_late_plans() returns trigger
        language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
        begin
            -- Locked, so that no import begins before this transaction ends.
            perform from akako.keycloak_runs where id in (select run_id from fresh) for share;
            if exists (select from akako.keycloak_runs
                       where id in (select run_id from fresh) and import_started_at is not null) then
                raise exception 'the import of this plan has begun, so nothing is added to it'
                    using errcode = 'check_violation', table = 'keycloak_windows',
                          constraint = 'keycloak_windows_before_import', hint = 'Make a new plan.';
            end if;
            return null;
        end $$
    """)
    op.execute("revoke execute on function akako_refuse_late_plans() from public")
    for table in ("keycloak_users", "keycloak_windows"):
        op.execute(f"""
            create trigger before_import after insert on {table} referencing new table as fresh
            for each statement execute function akako_refuse_late_plans()
        """)


def _give() -> None:
    """The one way in which the application writes windows in the past: those of a plan, once, to a new user."""
    op.execute(f"""
        create function akako_give_planned(clerk_ids text[], external_ids text[], markers text[]) returns setof text
        language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
        declare
            given record;
        begin
            for given in {FOUND} loop
                insert into akako.user_roles (user_id, role, effective_start_date, effective_end_date, assigned_by,
                                              reason, is_active, end_reason)
                select given.user_id, role, starts_at, ends_at,
                       'imported: ' || coalesce('keycloak ' || given_by, 'keycloak'),
                       format('Plan %s of the move from Keycloak: %s. %s', given.run_id, path,
                              case evidence
                                  when 'admin_event' then 'An admin event proves the start.'
                                  when 'registration' then 'The start is the registration.'
                                  else 'The start is the first export that shows the role.' end),
                       ends_at is null or ends_at > now(),
                       case when ends_at <= now() then 'Its time ran out before the import.' end
                from akako.keycloak_windows
                where run_id = given.run_id and keycloak_id = given.keycloak_id
                order by role, starts_at;
                update akako.keycloak_imports
                set state = 'applied', reason = null, clerk_id = given.clerk_id, given_run_id = given.run_id,
                    changed_at = clock_timestamp()
                where realm = given.realm and keycloak_id = given.keycloak_id;
                return next given.clerk_id;
            end loop;
        end $$
    """)  # noqa: S608 - constants only
    op.execute("revoke execute on function akako_give_planned(text[], text[], text[]) from public")


def downgrade() -> None:
    op.execute("drop function akako_give_planned(text[], text[], text[])")
    for table in ("keycloak_users", "keycloak_windows"):
        op.execute(f"drop trigger before_import on {table}")
    op.execute("drop function akako_refuse_late_plans()")
    op.execute("drop table keycloak_imports")
    op.execute("""
        alter table keycloak_runs drop column marker, drop column import_started_at, drop column import_started_by
    """)
