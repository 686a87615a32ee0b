"""Plans of a move from Keycloak that are undone give no roles, and an import goes only through its states."""

from alembic import op

revision = "0027"
down_revision = "0026"

# As in 0023, but for runs that are undone: neither the run whose marker the user has, nor the one with the windows.
FOUND = """
    select imports.realm, imports.keycloak_id, users.id as user_id, users.clerk_id, latest.run_id
    from unnest(clerk_ids, external_ids, markers) as said (clerk_id, external_id, marker)
    join akako.keycloak_runs as marked on marked.marker = said.marker and marked.undo_started_at is null
    join akako.keycloak_imports as imports
      on imports.realm = marked.realm and imports.keycloak_id = said.external_id and imports.run_id = marked.id
     and imports.state in ('creating', 'created', 'refused')
     and coalesce(imports.clerk_id, said.clerk_id) = said.clerk_id
    join akako.users on users.clerk_id = said.clerk_id and users.deleted_at is null
     and not exists (select from akako.user_roles where user_roles.user_id = users.id)
    cross join lateral (
        select max(runs.id) as run_id
        from akako.keycloak_runs as runs
        join akako.keycloak_users as planned on planned.run_id = runs.id
        where runs.realm = imports.realm and runs.import_started_at is not null and runs.undo_started_at is null
          and planned.keycloak_id = imports.keycloak_id and planned.fate = 'planned') as latest
    where latest.run_id is not null
    order by imports.realm, imports.keycloak_id
    for no key update of imports
"""
BEFORE = """
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

# From which state to which. Windows are given once, so nothing leads from `applied` back to a state in which they are
# given, but through a deletion.
STEPS = """
    ('creating', 'created'), ('creating', 'applied'), ('creating', 'refused'), ('creating', 'undoing'),
    ('creating', 'undone'),
    ('created', 'applied'), ('created', 'refused'), ('created', 'undoing'),
    ('applied', 'undoing'),
    ('refused', 'creating'), ('refused', 'created'), ('refused', 'applied'), ('refused', 'undoing'),
    ('undoing', 'created'), ('undoing', 'applied'), ('undoing', 'undone'),
    ('undone', 'creating'), ('undone', 'created')
"""


def upgrade() -> None:
    # Only the time shows that another authenticator app took the place of the first.
    op.execute("alter table keycloak_users add column app_set_at timestamptz")
    # The newer run whose roles were carried out, while passwords and bans were not.
    op.execute("alter table keycloak_imports add column roles_run_id bigint references keycloak_runs")
    # When Clerk was asked without an answer, so that it is asked about others next.
    op.execute("alter table deletion_holds add column tried_at timestamptz")
    op.execute("insert into locks (name) values ('keycloak')")
    _give(FOUND)
    op.execute(f"""
        create function akako_check_import_step() returns trigger
        language plpgsql set search_path = pg_catalog, pg_temp as $$
        begin
            if (old.state, new.state) not in ({STEPS})
               or new.state = 'applied' and new.given_run_id is null
               or new.state <> 'creating' and new.run_id <> old.run_id
               or new.state <> 'creating' and new.clerk_id is distinct from coalesce(old.clerk_id, new.clerk_id)
            then
                raise exception 'an import from Keycloak does not go from % to % like this', old.state, new.state
                    using errcode = 'check_violation', table = 'keycloak_imports',
                          constraint = 'keycloak_imports_known_step',
                          hint = 'Use `akako keycloak import` or `akako keycloak undo`.';
            end if;
            if new.state = 'creating' then
                new.given_run_id := null;
                new.roles_run_id := null;
            end if;
            return new;
        end $$
    """)
    op.execute("revoke execute on function akako_check_import_step() from public")
    op.execute("""
        create trigger check_step before update on keycloak_imports for each row
        when (old.state is distinct from new.state or old.run_id is distinct from new.run_id
              or old.clerk_id is distinct from new.clerk_id)
        execute function akako_check_import_step()
    """)


def downgrade() -> None:
    op.execute("drop trigger check_step on keycloak_imports")
    op.execute("drop function akako_check_import_step()")
    _give(BEFORE)
    op.execute("delete from locks where name = 'keycloak'")
    op.execute("alter table keycloak_users drop column app_set_at")
    op.execute("alter table deletion_holds drop column tried_at")
    op.execute("alter table keycloak_imports drop column roles_run_id")


def _give(found: str) -> None:
    op.execute(f"""
        create or replace function akako_give_planned(clerk_ids text[], external_ids text[], markers text[])
            returns setof text
        language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
        declare
            given record;
        begin
            for given in {found} loop
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
