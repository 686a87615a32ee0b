"""A move from Keycloak is continued by newer plans, taken back, or ended; each such decision leaves a line."""

from alembic import op

revision = "0024"
down_revision = "0023"

STATES = "'creating', 'created', 'applied', 'refused'"


def upgrade() -> None:
    op.execute("""
        alter table keycloak_runs
            add column undo_started_at timestamptz, add column undo_started_by text,
            add column cut_over_at timestamptz, add column cut_over_by text
    """)
    op.execute("alter table keycloak_imports add column synced_run_id bigint references keycloak_runs")
    _allow_states(f"{STATES}, 'undoing', 'undone'")
    # Undoing selects the users that a run created.
    op.execute("create index keycloak_imports_run_id_idx on keycloak_imports (run_id, keycloak_id)")
    _watch_decisions()


def _allow_states(states: str) -> None:
    op.execute("alter table keycloak_imports drop constraint keycloak_imports_known_state")
    op.execute(f"""
        alter table keycloak_imports add constraint keycloak_imports_known_state check (state in ({states}))
    """)


def _watch_decisions() -> None:
    op.execute("""
        create function akako_audit_move() returns trigger
        language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
        begin
            if akako.akako_said('actor') is null or akako.akako_said('reason') is null then
                raise exception 'a move from Keycloak is not undone or ended without saying who does it, and why'
                    using errcode = 'check_violation',
                          hint = 'Use `akako keycloak undo` or `akako keycloak cutover`.';
            end if;
            insert into akako.audit_log (action, actor, reason, cause, after)
            values (
                case when new.undo_started_at is distinct from old.undo_started_at then 'keycloak.undo_started'
                     when new.cut_over_at is null then 'keycloak.reopened'
                     else 'keycloak.cut_over' end,
                akako.akako_actor(), akako.akako_said('reason'), 'keycloak_' || new.id,
                jsonb_build_object('run', new.id, 'realm', new.realm));
            return null;
        end $$
    """)
    op.execute("revoke execute on function akako_audit_move() from public")
    op.execute("""
        create trigger audit_move after update on keycloak_runs for each row
        when (old.undo_started_at is distinct from new.undo_started_at
              or old.cut_over_at is distinct from new.cut_over_at)
        execute function akako_audit_move()
    """)
    op.execute("alter table keycloak_runs enable always trigger audit_move")


def downgrade() -> None:
    op.execute("drop trigger audit_move on keycloak_runs")
    op.execute("drop function akako_audit_move()")
    op.execute("drop index keycloak_imports_run_id_idx")
    # The users of these states were deleted, or are about to be.
    op.execute("update keycloak_imports set state = 'refused', reason = state where state in ('undoing', 'undone')")
    _allow_states(STATES)
    op.execute("alter table keycloak_imports drop column synced_run_id")
    op.execute("""
        alter table keycloak_runs drop column undo_started_at, drop column undo_started_by,
            drop column cut_over_at, drop column cut_over_by
    """)
