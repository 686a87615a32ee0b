"""The privileges and the creation of the role of the application."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from db import migrate
from db.schema import MigrationRefused
from dev.embedded.servers import Servers
from tests.db.people import a_role, a_user, rows
from tests.db.test_migrations import an_empty_database
from tests.servers import Database

EVENT = """
    insert into webhook_events (svix_id, svix_timestamp, svix_signature, verified_by, status{})
    values ('msg_1', 0, '', '', {})
"""
ROLE = """
    insert into user_roles (user_id, role, effective_start_date, assigned_by{}) {} values (1, 'ADMIN', now(), 'x'{})
"""
GIVE = """
    insert into user_roles (user_id, role, effective_start_date, effective_end_date, assigned_by)
    values ({}, '{}', {}, {}, '{}')
"""
DAY = timedelta(days=1)


@pytest.fixture
def empty(servers: Servers) -> Iterator[Database]:
    with an_empty_database(servers) as made:
        yield made


@pytest.mark.parametrize(
    "attempt",
    [
        "insert into users (id, clerk_id, clerk_updated_at) overriding system value values (99, 'user_eve', now())",
        "insert into users (clerk_id, clerk_updated_at, created_at) values ('user_eve', now(), '2020-01-01')",
        "insert into users (clerk_id, clerk_updated_at, updated_at) values ('user_eve', now(), '2020-01-01')",
        ROLE.format(", created_at", "", ", now()"),
        ROLE.format(", is_active", "", ", false"),
        ROLE.format(", id", "overriding system value", ", 9"),
        "update user_roles set updated_at = '2020-01-01'",
        EVENT.format(", applied_at, body", "'applied', now(), ''"),
        EVENT.format(", digest", "'ignored', ''"),
        EVENT.format(", body, received_at", "'ignored', '', now() - interval '2 days'"),
        EVENT.format(", body, attempts", "'received', '', 9"),
        "update webhook_events set digest = ''",
        "update leases set name = 'direct_apply'",
        "insert into heartbeats (part, moved_at, seen_at) values ('beat', now(), now())",
        "update keycloak_users set fate = 'planned'",
        "update keycloak_windows set starts_at = '2020-01-01'",
        "delete from keycloak_runs",
        "insert into keycloak_runs (realm, exported_at, planned_by, path, map) values ('x', now(), 'x', 'x', '')",
        "insert into keycloak_users (run_id, keycloak_id, fate) values (1, 'kc-eve', 'planned')",
        "insert into keycloak_windows (run_id, keycloak_id, role, starts_at, path, evidence)"
        " values (1, 'kc-eve', 'ADMIN', '2020-01-01', 'x', 'export')",
        "update keycloak_runs set undo_started_at = now()",
        "update keycloak_runs set cut_over_at = null",
    ],
)
def test_the_application_cannot_write_ids_times_digests_and_outcomes(app: psycopg.Connection, attempt: str) -> None:
    a_user(app)
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute(attempt.encode())


@pytest.mark.parametrize("born", ["'applied', ''", "'discarded', ''", "'ignored', null", "'invented', ''"])
def test_an_event_is_inserted_with_its_body_as_received_ignored_or_parked(app: psycopg.Connection, born: str) -> None:
    with pytest.raises(errors.CheckViolation):
        app.execute(EVENT.format(", body", born).encode())


@pytest.mark.parametrize("born", ["received", "ignored", "parked"])
def test_the_receiver_can_store_events(app: psycopg.Connection, born: str) -> None:
    app.execute(EVENT.format(", body", f"'{born}', ''").encode())


@pytest.mark.parametrize("said", ["'2020-01-01'", "now() + interval '1 day'", "null", "'infinity'"])
def test_the_database_sets_row_times_whatever_a_statement_contains(app: psycopg.Connection, said: str) -> None:
    a_user(app)
    app.execute(EVENT.format(", body", "'received', ''").encode())
    near = "between clock_timestamp() - interval '1 minute' and clock_timestamp()"
    app.execute(f"update users set banned = true, updated_at = {said}".encode())
    app.execute(f"update webhook_events set status = 'applied', applied_at = {said}".encode())
    app.execute(f"update webhook_events set applied_at = {said}".encode())
    assert rows(app, f"select updated_at {near}, applied_at {near} from users, webhook_events") == [(True, True)]


def test_the_database_sets_applied_at_and_keeps_it_until_the_status_changes_back(
    app: psycopg.Connection, owner: psycopg.Connection
) -> None:
    app.execute(EVENT.format(", body", "'received', ''").encode())
    app.execute("update webhook_events set status = 'applied'")
    (first,) = rows(app, "select applied_at from webhook_events where applied_at >= received_at")
    app.execute("update webhook_events set status = 'applied', last_error = null")
    assert rows(app, "select applied_at from webhook_events") == [first]
    app.execute("select set_config('akako.reason', 'For a test.', false)")
    app.execute("update webhook_events set status = 'received'")
    assert rows(app, "select applied_at from webhook_events") == [(None,)]


@pytest.mark.parametrize(
    "written",
    [
        "insert into users (clerk_id, clerk_updated_at) values ('user_bob', now()) returning created_at",
        "insert into users (clerk_id, clerk_updated_at) values ('user_eve', now()) returning updated_at",
        "update users set first_name = 'Ada' where clerk_id = 'user_ada' returning updated_at",
        ROLE.format("", "", "") + " returning created_at",
        "update user_roles set admin_notes = 'Note.' returning updated_at",
        EVENT.format(", body", "'ignored', ''") + " returning received_at",
        "with _ as (select 1) select at from audit_log order by id desc limit 1",
    ],
)
def test_a_long_open_transaction_backdates_nothing(app: psycopg.Connection, written: str) -> None:
    a_role(app, a_user(app))
    with app.transaction():
        begun = app.execute("select now() from pg_sleep(0.2)").fetchone()
        app.execute("update users set banned = true")
        at = app.execute(written.encode()).fetchone()
    assert begun
    assert at
    assert at[0] - begun[0] >= timedelta(seconds=0.2)


def test_an_update_without_a_change_keeps_updated_at(app: psycopg.Connection) -> None:
    a_role(app, a_user(app))
    before = rows(app, "select updated_at from user_roles")
    app.execute("update user_roles set is_active = is_active, admin_notes = admin_notes")
    assert rows(app, "select updated_at from user_roles") == before


@pytest.mark.parametrize("who", ["app", "owner", "superuser"])
@pytest.mark.parametrize(
    "attempt",
    [
        "update users set clerk_updated_at = '9999-01-01'",
        "update users set clerk_updated_at = null, deleted_at = now() + interval '6 minutes'",
        "insert into users (clerk_id, clerk_updated_at) values ('user_eve', now() + interval '6 minutes')",
        "insert into users (clerk_id, deleted_at) values ('user_eve', 'infinity')",
    ],
)
def test_a_version_or_deletion_in_the_future_is_rejected(
    request: pytest.FixtureRequest, database: Database, who: str, attempt: str
) -> None:
    connection: psycopg.Connection = request.getfixturevalue(who)
    a_user(connection)
    with pytest.raises(errors.CheckViolation) as refused:
        connection.execute(attempt.encode())
    assert refused.value.diag.constraint_name == "users_times_believable"


def test_a_stored_version_in_the_future_does_not_block_other_changes(
    app: psycopg.Connection, superuser: psycopg.Connection
) -> None:
    a_user(app)
    superuser.execute("alter table users disable trigger user")
    superuser.execute("update users set clerk_updated_at = '9999-01-01'")
    superuser.execute("alter table users enable trigger user")
    app.execute("update users set banned = true")
    app.execute("update users set clerk_updated_at = now()")


@pytest.mark.parametrize(
    "attempt",
    [
        GIVE.format(1, "ADMIN", "now() - interval '6 minutes'", "null", "operator:grace"),
        GIVE.format(1, "ADMIN", "'2020-01-01'", "'2021-01-01'", "operator:grace"),
        GIVE.format(1, "LEARNER", "'2020-01-01'", "null", "akako"),
        "update user_roles set effective_end_date = now() - interval '6 minutes' where role = 'MENTOR'",
        "update user_roles set effective_end_date = null where role = 'ADMIN'",
        "update user_roles set effective_end_date = now() where role = 'ADMIN'",
        "update user_roles set is_active = true where role = 'LEARNER'",
    ],
)
def test_the_application_cannot_change_which_roles_were_held_in_the_past(
    app: psycopg.Connection, owner: psycopg.Connection, attempt: str
) -> None:
    user_id = a_user(owner)
    a_role(owner, user_id, role="MENTOR", start="now() - interval '3 days'")
    a_role(owner, user_id, role="ADMIN", start="now() - interval '3 days'", end="now() - interval '1 day'")
    a_role(
        owner, user_id, role="LEARNER", start="now() - interval '1 day'", end="now() + interval '1 day'", active=False
    )
    before = rows(owner, "select * from user_roles order by id")
    with pytest.raises(errors.CheckViolation) as refused:
        app.execute(attempt.encode())
    assert refused.value.diag.constraint_name == "user_roles_past_stays"
    assert rows(owner, "select * from user_roles order by id") == before
    owner.execute(attempt.encode())


def test_an_existing_user_gets_no_default_role_in_the_past(app: psycopg.Connection, owner: psycopg.Connection) -> None:
    user_id = a_user(app)
    app.execute("update users set clerk_created_at = '2020-01-01'")
    owner.execute("update users set created_at = now() - interval '6 minutes'")
    with pytest.raises(errors.CheckViolation):
        app.execute(GIVE.format(user_id, "LEARNER", "'2020-01-01'", "null", "akako").encode())


def test_the_default_role_of_a_new_user_starts_no_earlier_than_the_user(app: psycopg.Connection) -> None:
    user_id = a_user(app)
    app.execute("update users set clerk_created_at = '2025-01-01'")
    with pytest.raises(errors.CheckViolation):
        app.execute(GIVE.format(user_id, "LEARNER", "'2024-12-31'", "null", "akako").encode())
    app.execute(GIVE.format(user_id, "LEARNER", "'2025-01-01'", "null", "akako").encode())


def test_the_roles_of_a_deleted_user_end_no_earlier_than_the_deletion(
    app: psycopg.Connection, owner: psycopg.Connection
) -> None:
    a_role(owner, a_user(owner), start="now() - interval '9 days'")
    deleted = datetime.now(UTC) - DAY
    end = "update user_roles set is_active = false, effective_end_date = %s"
    with pytest.raises(errors.CheckViolation):
        app.execute(end, (deleted,))
    app.execute("update users set deleted_at = %s, clerk_updated_at = null", (deleted,))
    with pytest.raises(errors.CheckViolation):
        app.execute(end, (deleted - DAY,))
    app.execute(end, (deleted,))


def test_the_server_log_never_contains_the_password_of_a_created_role(
    servers: Servers, empty: Database, superuser: psycopg.Connection
) -> None:
    heard: list[str] = []
    superuser.execute("alter system set log_statement = 'all'")
    superuser.execute("select pg_reload_conf()")
    try:
        migrate.upgrade(empty.owner_url, empty.app_url.replace("akako_app@", "akako_recent:S3cretPassw0rd@"))
        verifier = rows(superuser, "select rolpassword from pg_authid where rolname = 'akako_recent'")
        sockets = Path(servers.postgres.superuser_url.partition("host=")[2])
        heard = (sockets.parent / "postgres.log").read_text(errors="replace").splitlines()
    finally:
        superuser.execute("alter system reset log_statement")
        superuser.execute("select pg_reload_conf()")
        forget(empty, "akako_recent")
    assert str(verifier[0][0]).startswith("SCRAM-SHA-256$")
    assert [line for line in heard if "create role" in line]
    assert [line for line in heard if "S3cretPassw0rd" in line] == []


def forget(database: Database, role: str) -> None:
    with psycopg.connect(database.superuser_url) as superuser:
        superuser.execute(f"drop owned by {role}; drop role {role}")


def test_an_owner_that_cannot_create_roles_is_told_what_an_administrator_has_to_do(
    empty: Database, superuser: psycopg.Connection
) -> None:
    recent = empty.app_url.replace("akako_app@", "akako_recent:S3cretPassw0rd@")
    superuser.execute("alter role akako_owner nocreaterole")
    try:
        with pytest.raises(MigrationRefused, match='create role "akako_recent" login password') as refused:
            migrate.upgrade(empty.owner_url, recent)
        superuser.execute("create role akako_recent login")
        said: list[str] = []
        assert migrate.upgrade(empty.owner_url, recent, say=said.append) == []
    finally:
        superuser.execute("alter role akako_owner createrole")
        forget(empty, "akako_recent")
    assert "S3cretPassw0rd" not in str(refused.value)
    assert 'alter role "akako_recent" in database' in said[0]
