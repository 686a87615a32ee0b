"""Invariant 7: the audit trail is written by the database and cannot be changed by any role."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors

from tests.db.people import a_role, a_user, actions, rows
from tests.servers import Database

REWRITES = [
    "update audit_log set actor = 'another'",
    "update audit_log set actor = actor where false",
    "delete from audit_log",
    "delete from audit_log where false",
    "truncate audit_log",
    "truncate audit_log restart identity cascade",
]


@pytest.fixture(params=["owner", "superuser"])
def privileged(request: pytest.FixtureRequest, database: Database) -> Iterator[psycopg.Connection]:
    """A connection as each role that bypasses grants."""
    url = {"owner": database.owner_url, "superuser": database.superuser_url}[request.param]
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("rewrite", REWRITES)
def test_the_application_cannot_rewrite_the_trail(app: psycopg.Connection, rewrite: str) -> None:
    a_user(app)
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute(rewrite)
    assert actions(app) == ["user.created"]


@pytest.mark.parametrize("rewrite", REWRITES)
def test_invariant_7_not_even_the_owner_or_a_superuser_can_rewrite_the_trail(
    privileged: psycopg.Connection, rewrite: str
) -> None:
    a_user(privileged)
    with pytest.raises(errors.InsufficientPrivilege, match="history is only added to"):
        privileged.execute(rewrite)
    assert actions(privileged) == ["user.created"]


@pytest.mark.parametrize("rewrite", REWRITES)
def test_replication_mode_does_not_allow_rewriting_the_trail(superuser: psycopg.Connection, rewrite: str) -> None:
    a_user(superuser)
    superuser.execute("set session_replication_role = replica")
    with pytest.raises(errors.InsufficientPrivilege, match="history is only added to"):
        superuser.execute(rewrite)


def test_changes_in_replication_mode_are_recorded_too(superuser: psycopg.Connection) -> None:
    superuser.execute("set session_replication_role = replica")
    user_id = a_user(superuser)
    role_id = a_role(superuser, user_id)
    superuser.execute("update users set banned = true")
    superuser.execute("update user_roles set effective_end_date = now() where id = %s", (role_id,))
    assert actions(superuser) == ["user.created", "role.assigned", "user.banned", "role.shortened"]


@pytest.mark.parametrize(
    "attempt",
    [
        "insert into audit_log (action, actor) values ('role.assigned', 'akako')",
        "alter table user_roles disable trigger audit_change",
        "alter table audit_log disable trigger all",
        "drop trigger audit_change on user_roles",
        "drop table audit_log cascade",
        "alter table audit_log rename to old_log",
        "create or replace function akako_refuse() returns trigger language plpgsql as 'begin return new; end'",
        "drop function akako_audit_role() cascade",
        "create table public.mine (id int)",
        "set session_replication_role = replica",
        "select setval('audit_log_id_seq', 1)",
        "set role akako_owner",
    ],
)
def test_the_application_cannot_bypass_the_trail(app: psycopg.Connection, attempt: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute(attempt)


@pytest.mark.parametrize(
    "function",
    ["akako_audit_new_users", "akako_audit_user", "akako_audit_new_roles", "akako_audit_role", "akako_audit_event"],
)
def test_the_application_cannot_attach_the_trigger_functions_to_its_own_table(
    app: psycopg.Connection, function: str
) -> None:
    app.execute("create temporary table forged (like users)")
    with pytest.raises(errors.InsufficientPrivilege, match=function):
        app.execute(f"create trigger forge after insert on forged for each row execute function akako.{function}()")


def test_the_application_can_grant_itself_nothing(app: psycopg.Connection) -> None:
    app.execute("grant all on audit_log, user_roles to akako_app")
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute("delete from audit_log")


@pytest.mark.parametrize(
    "attempt",
    [
        "update user_roles set role = 'ADMIN'",
        "update user_roles set user_id = 1",
        "update user_roles set effective_start_date = now()",
        "update user_roles set assigned_by = 'another'",
        "update user_roles set reason = 'another'",
        "update user_roles set created_at = now()",
    ],
)
def test_the_application_cannot_change_what_an_assignment_was(app: psycopg.Connection, attempt: str) -> None:
    a_role(app, a_user(app))
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute(attempt)


@pytest.mark.parametrize(
    "attempt",
    [
        "update users set id = default",
        "update users set clerk_id = 'user_another'",
        "update users set created_at = now()",
        "update webhook_events set svix_id = 'msg_another'",
        "update webhook_events set clerk_user_id = 'user_another'",
        "update webhook_events set occurred_at = now()",
        "update webhook_events set received_at = now()",
        "update webhook_events set svix_timestamp = 0",
        "update webhook_events set svix_signature = 'v1,another'",
        "update webhook_events set verified_by = 'another'",
        "delete from webhook_events",
        "truncate webhook_events",
        "update alembic_version set version_num = 'base'",
    ],
)
def test_the_application_cannot_change_the_user_of_a_row_nor_signed_data(app: psycopg.Connection, attempt: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute(attempt)


@pytest.mark.parametrize("removal", ["delete from user_roles", "truncate user_roles", "truncate users cascade"])
def test_assignments_cannot_be_deleted_by_the_application(app: psycopg.Connection, removal: str) -> None:
    a_role(app, a_user(app))
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute(removal)


@pytest.mark.parametrize("removal", ["delete from user_roles", "truncate user_roles", "truncate users cascade"])
def test_assignments_cannot_be_deleted_by_any_role(privileged: psycopg.Connection, removal: str) -> None:
    a_role(privileged, a_user(privileged))
    with pytest.raises(errors.InsufficientPrivilege, match="history is only added to"):
        privileged.execute(removal)
    assert rows(privileged, "select count(*) from user_roles") == [(1,)]


def test_users_cannot_be_deleted_by_the_application(app: psycopg.Connection) -> None:
    a_user(app)
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute("delete from users")
