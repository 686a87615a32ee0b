"""Plans of a move from Keycloak that are undone give no roles, and an import goes only through its states."""

from alembic import op

revision = "0027"
down_revision = "0026"

# Of the function of 0023: neither the run whose marker the user has, nor the one with the windows, is undone.
GIVEN = (
    ("marked.marker = said.marker", "marked.marker = said.marker and marked.undo_started_at is null"),
    ("imports.state <> 'applied' and", "imports.state in ('creating', 'created', 'refused') and"),
    ("runs.import_started_at is not null", "runs.import_started_at is not null and runs.undo_started_at is null"),
)

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
    for before, after in GIVEN:
        _replace(before, after)
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
    for before, after in GIVEN:
        _replace(after, before)
    op.execute("delete from locks where name = 'keycloak'")
    op.execute("alter table keycloak_users drop column app_set_at")
    op.execute("alter table deletion_holds drop column tried_at")
    op.execute("alter table keycloak_imports drop column roles_run_id")


def _replace(before: str, after: str) -> None:
    op.execute(f"""
        do $do$
        declare
            definition text := pg_get_functiondef('akako_give_planned'::regproc);
        begin
            if strpos(definition, $text${before}$text$) = 0 then
                raise exception 'akako_give_planned is not the function that this migration changes'
                    using hint = 'Restore the function from the migrations before this one, then run akako migrate.';
            end if;
            execute replace(definition, $text${before}$text$, $text${after}$text$);
        end $do$
    """)
