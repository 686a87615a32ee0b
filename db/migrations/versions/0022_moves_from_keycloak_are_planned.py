"""Plans of moves from Keycloak: the fate of each user, and the windows of roles."""

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.execute("""
        create table keycloak_runs (
            id bigint generated always as identity primary key,
            realm text not null,
            keycloak_version text,
            exported_at timestamptz not null,
            planned_at timestamptz not null default now(),
            planned_by text not null,
            path text not null,
            map text not null,
            previous_id bigint references keycloak_runs
        )
    """)
    op.execute("create index keycloak_runs_realm_idx on keycloak_runs (realm, id)")
    op.execute("""
        create table keycloak_users (
            run_id bigint not null references keycloak_runs,
            keycloak_id text not null,
            fate text not null
                constraint keycloak_users_known_fate check (fate in ('planned', 'skipped', 'refused')),
            reasons text[] not null default '{}',
            password_hasher text,
            password_set_at timestamptz,
            has_app boolean not null default false,
            primary key (run_id, keycloak_id)
        )
    """)
    op.execute("""
        create table keycloak_windows (
            run_id bigint not null,
            keycloak_id text not null,
            role text not null
                constraint keycloak_windows_known_role check (role in ('LEARNER', 'MENTOR', 'ADMIN')),
            starts_at timestamptz not null,
            ends_at timestamptz,
            path text not null,
            evidence text not null constraint keycloak_windows_known_evidence
                check (evidence in ('admin_event', 'registration', 'export')),
            given_by text,
            primary key (run_id, keycloak_id, role, starts_at),
            constraint keycloak_windows_run_id_fkey foreign key (run_id, keycloak_id) references keycloak_users,
            constraint keycloak_windows_end_follows_start check (ends_at > starts_at)
        )
    """)


def downgrade() -> None:
    op.execute("drop table keycloak_windows, keycloak_users, keycloak_runs")
