"""Invariant 7: the audit trail is written by the database itself and cannot be changed, whoever connects."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors

from tests.db.people import a_role, a_user, actions, rows, trail
from tests.servers import Database

REWRITES = [
    "update audit_log set actor = 'nobody'",
    "update audit_log set actor = actor where false",
    "delete from audit_log",
    "delete from audit_log where false",
    "truncate audit_log",
    "truncate audit_log restart identity cascade",
]


@pytest.fixture(params=["owner", "superuser"])
def mighty(request: pytest.FixtureRequest, database: Database) -> Iterator[psycopg.Connection]:
    """The roles that no grant binds, in turn."""
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
def test_invariant_7_not_even_who_owns_the_tables_or_the_server_can_rewrite_the_trail(
    mighty: psycopg.Connection, rewrite: str
) -> None:
    a_user(mighty)
    with pytest.raises(errors.InsufficientPrivilege, match="history is only added to"):
        mighty.execute(rewrite)
    assert actions(mighty) == ["user.created"]


@pytest.mark.parametrize("rewrite", REWRITES)
def test_replication_mode_does_not_open_the_trail(superuser: psycopg.Connection, rewrite: str) -> None:
    a_user(superuser)
    superuser.execute("set session_replication_role = replica")
    with pytest.raises(errors.InsufficientPrivilege, match="history is only added to"):
        superuser.execute(rewrite)


def test_changes_in_replication_mode_are_written_down_too(superuser: psycopg.Connection) -> None:
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
def test_the_application_cannot_get_around_the_trail(app: psycopg.Connection, attempt: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute(attempt)


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
        "update user_roles set assigned_by = 'somebody else'",
        "update user_roles set reason = 'another'",
        "update user_roles set created_at = now()",
    ],
)
def test_the_application_cannot_change_what_an_assignment_was(app: psycopg.Connection, attempt: str) -> None:
    a_role(app, a_user(app))
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute(attempt)


@pytest.mark.parametrize("removal", ["delete from user_roles", "truncate user_roles", "truncate users cascade"])
def test_assignments_are_never_removed_by_the_application(app: psycopg.Connection, removal: str) -> None:
    a_role(app, a_user(app))
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute(removal)


@pytest.mark.parametrize("removal", ["delete from user_roles", "truncate user_roles", "truncate users cascade"])
def test_assignments_are_never_removed_by_anybody_else(mighty: psycopg.Connection, removal: str) -> None:
    a_role(mighty, a_user(mighty))
    with pytest.raises(errors.InsufficientPrivilege, match="history is only added to"):
        mighty.execute(removal)
    assert rows(mighty, "select count(*) from user_roles") == [(1,)]


def test_users_are_never_removed_by_the_application(app: psycopg.Connection) -> None:
    a_user(app)
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute("delete from users")


def test_plain_sql_leaves_a_line_that_says_which_database_user_it_was(owner: psycopg.Connection) -> None:
    user_id = a_user(owner)
    role_id = a_role(owner, user_id)
    created, assigned = trail(owner)
    assert (created["action"], created["actor"], created["cause"]) == ("user.created", "database:akako_owner", None)
    assert (assigned["action"], assigned["user_role_id"], assigned["role"]) == ("role.assigned", role_id, "MENTOR")
    assert (assigned["user_id"], assigned["clerk_user_id"], assigned["reason"]) == (user_id, "user_ada", "because")


def test_a_line_says_what_was_before_and_what_is_after(app: psycopg.Connection) -> None:
    a_role(app, a_user(app), start="timestamptz '2025-05-01Z'")
    app.execute("update user_roles set effective_end_date = '2025-06-01Z'")
    before, after = (trail(app)[-1][side] for side in ("before", "after"))
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    changed = {name for name in after if before[name] != after[name]}
    assert changed == {"effective_end_date"}
    assert (before["effective_end_date"], after["effective_end_date"][:10]) == (None, "2025-06-01")


@pytest.mark.parametrize(
    ("change", "action"),
    [
        ("effective_end_date = now() + interval '2 days'", "role.extended"),
        ("effective_end_date = null", "role.extended"),
        ("effective_end_date = now() + interval '1 hour'", "role.shortened"),
        ("effective_end_date = now(), is_active = false", "role.revoked"),
        ("is_active = false", "role.revoked"),
        ("admin_notes = 'asked for by phone'", "role.changed"),
    ],
)
def test_each_change_of_an_assignment_leaves_one_line_with_its_name(
    app: psycopg.Connection, change: str, action: str
) -> None:
    a_role(app, a_user(app), end="now() + interval '1 day'")
    app.execute(f"update user_roles set {change}")
    assert actions(app)[2:] == [action]


def test_closing_an_assignment_whose_end_has_passed_is_an_expiry(app: psycopg.Connection) -> None:
    a_role(app, a_user(app), start="now() - interval '2 days'", end="now() - interval '1 day'")
    app.execute("update user_roles set is_active = false")
    assert actions(app)[2:] == ["role.expired"]


def test_opening_a_closed_assignment_leaves_a_line(app: psycopg.Connection) -> None:
    a_role(app, a_user(app), end="now() + interval '1 day'", active=False)
    app.execute("update user_roles set is_active = true")
    assert actions(app)[2:] == ["role.restored"]


def test_a_statement_about_many_leaves_one_line_for_each(app: psycopg.Connection) -> None:
    app.execute(
        "insert into users (clerk_id, clerk_updated_at) select 'user_' || n, now() from generate_series(1, 50) n"
    )
    app.execute(
        "insert into user_roles (user_id, role, effective_start_date, assigned_by)"
        " select id, 'ADMIN', now(), 'the test' from users"
    )
    app.execute("update user_roles set effective_end_date = now(), is_active = false")
    assert actions(app) == ["user.created"] * 50 + ["role.assigned"] * 50 + ["role.revoked"] * 50


def test_a_change_that_changes_nothing_leaves_no_line(app: psycopg.Connection) -> None:
    a_role(app, a_user(app))
    before = len(trail(app))
    app.execute("update user_roles set is_active = is_active")
    app.execute("update users set first_name = 'Ada', updated_at = now()")
    assert len(trail(app)) == before


def test_a_ban_its_end_and_a_deletion_leave_a_line_each(app: psycopg.Connection) -> None:
    a_user(app)
    app.execute("update users set banned = true")
    app.execute("update users set banned = false")
    app.execute("update users set deleted_at = now(), clerk_updated_at = null")
    assert actions(app) == ["user.created", "user.banned", "user.unbanned", "user.deleted"]


def test_a_tombstone_from_the_start_is_a_deletion_and_no_creation(app: psycopg.Connection) -> None:
    app.execute("insert into users (clerk_id, deleted_at) values ('user_ada', now())")
    assert actions(app) == ["user.deleted"]


def test_the_trail_holds_nothing_of_the_person(app: psycopg.Connection) -> None:
    app.execute(
        """
        insert into users (clerk_id, clerk_updated_at, claimed_email, email, first_name)
        values ('user_ada', now(), 'ada@example.com', 'ada@example.com', 'Ada')
        """
    )
    app.execute("update users set banned = true, last_name = 'Lovelace'")
    assert "ada@example.com" not in str(trail(app))
    assert "Lovelace" not in str(trail(app))


def test_what_was_rolled_back_leaves_no_line(app: psycopg.Connection) -> None:
    with app.transaction(force_rollback=True):
        a_role(app, a_user(app))
    assert trail(app) == []


def test_a_tombstone_cannot_remember_the_person(app: psycopg.Connection) -> None:
    with pytest.raises(errors.CheckViolation, match="users_tombstones_remember_no_person"):
        app.execute("insert into users (clerk_id, deleted_at, first_name) values ('user_ada', now(), 'Ada')")
