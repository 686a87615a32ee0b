"""`akako keycloak parity`: finds every planted difference between export, Clerk and our tables, and no other."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import Engine

from clerk.user import IMPORT_MARKER
from db import audit
from db.audit import Author
from dev.clerk import changes
from dev.clerk.requests import CreateUser, UpdateUser, UserMetadata
from tests.clerk_sender import Clerk, event
from tests.cli.test_keycloak_command import HEAD
from tests.keycloak import exports
from tests.keycloak.exports import PERSONS, person
from tests.keycloak.maps import changed
from tests.ledger import apply, as_owner, change, values
from tests.served_clerk import ServedClerk, served_clerk
from tests.servers import Database

pytestmark = pytest.mark.clerk

Parity = Callable[..., Result]
KEY = str(HEAD["id"])
DISABLED = person(60, enabled=False, emailVerified=False)


@pytest.fixture
def instance() -> Iterator[ServedClerk]:
    with served_clerk() as running:
        yield running


@pytest.fixture
def place(tmp_path: Path) -> Path:
    made = tmp_path / "export"
    made.mkdir()
    return exports.directory(made, [*PERSONS, DISABLED])


@pytest.fixture
def akako_keycloak(akako: Any, database: Database, instance: ServedClerk) -> Parity:
    def run(*words: str) -> Result:
        given = {
            "DATABASE_OWNER_URL": database.owner_url,
            "CLERK_SECRET_KEY": instance.key,
            "CLERK_API_URL": instance.url,
            "CLERK_REQUESTS_PER_SECOND": "100",
        }
        result: Result = akako("keycloak", *words, **given)
        return result

    return run


@pytest.fixture
def planned(akako_keycloak: Parity, place: Path, tmp_path: Path) -> Path:
    path = tmp_path / "map.toml"
    path.write_text(changed(('manage = "ignore"', 'manage = "MENTOR"')))
    assert akako_keycloak("plan", str(place), "--map", str(path)).exit_code == 0
    return path


@pytest.fixture
def parity(akako_keycloak: Parity, planned: Path, place: Path) -> Callable[[], tuple[int, list[tuple[str, str, bool]]]]:
    """Compares after everything was imported; the exit code, and each difference."""
    assert akako_keycloak("import", "1", str(place)).exit_code == 0

    def run() -> tuple[int, list[tuple[str, str, bool]]]:
        result = akako_keycloak("parity", "1", str(place), "--json")
        items = json.loads(result.stdout)["items"]
        return result.exit_code, [(each["keycloak_id"], each["kind"], each["explained"]) for each in items]

    return run


def clerk_id(instance: ServedClerk) -> str:
    """The head's id at Clerk."""
    [found] = [each.id for each in instance.instance.state.users.values() if each.external_id == KEY]
    return found


def test_after_an_import_nothing_differs_and_nothing_is_changed(
    engine: Engine, instance: ServedClerk, parity: Any, akako_keycloak: Parity, place: Path
) -> None:
    before = dict(instance.instance.state.users), values(engine, "select count(*) from audit_log")
    assert parity() == (0, [])
    assert (instance.instance.state.users, values(engine, "select count(*) from audit_log")) == before
    assert "Compared 9 users of the plan." in akako_keycloak("parity", "1", str(place)).stderr


def test_before_an_import_everyone_differs(akako_keycloak: Parity, planned: Path, place: Path) -> None:
    result = akako_keycloak("parity", "1", str(place))
    assert result.exit_code == 1
    assert result.stdout.count("not_imported") == 9


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"first_name": "Eve"}, [(KEY, "name", False), (KEY, "other_than_at_clerk", False)]),
        ({"username": "another"}, [(KEY, "username", False), (KEY, "other_than_at_clerk", False)]),
        ({"external_id": "x"}, [(KEY, "missing_at_clerk", False), ("x", "unrecorded_at_clerk", False)]),
    ],
)
def test_a_user_who_was_changed_at_clerk_is_named(
    instance: ServedClerk, parity: Any, given: dict[str, Any], expected: list[Any]
) -> None:
    state, found = instance.instance.state, clerk_id(instance)
    instance.instance.put(
        changes.update(state.users, state.users[found], UpdateUser(**given), instance.instance.now()), event=None
    )
    assert parity() == (1, expected)


def test_a_user_who_was_banned_or_deleted_at_clerk_is_named(instance: ServedClerk, parity: Any) -> None:
    instance.instance.set_banned(clerk_id(instance), True)
    assert parity() == (1, [(KEY, "banned", False), (KEY, "other_than_at_clerk", False)])
    instance.instance.delete(clerk_id(instance))
    assert parity() == (1, [(KEY, "missing_at_clerk", False)])


def test_another_user_with_the_marker_is_found(engine: Engine, instance: ServedClerk, parity: Any) -> None:
    [marker] = values(engine, "select marker from keycloak_runs")
    body = CreateUser(external_id="kc-eve", email_address=["eve@school.org"], private_metadata={IMPORT_MARKER: marker})
    instance.instance.create(body)
    assert parity() == (1, [("kc-eve", "unrecorded_at_clerk", False)])


def test_a_user_who_lost_the_marker_is_found(instance: ServedClerk, parity: Any) -> None:
    state, found = instance.instance.state, clerk_id(instance)
    lost = changes.replace_metadata(state.users[found], UserMetadata(private_metadata={}), instance.instance.now())
    instance.instance.put(lost, event=None)
    assert parity() == (1, [(KEY, "another_user_at_clerk", False)])


def test_a_role_that_was_added_outside_of_the_plan_is_found_and_one_by_an_administrator_explained(
    engine: Engine, instance: ServedClerk, parity: Any
) -> None:
    add = """
        insert into user_roles (user_id, role, effective_start_date, assigned_by)
        select users.id, %s, now(), %s from users where external_id = %s
    """
    change(engine, add, "ADMIN", "akako", PERSONS[0]["id"])
    change(engine, add, "ADMIN", "user_ada", PERSONS[1]["id"])
    assert parity() == (
        1,
        [(PERSONS[0]["id"], "role_added", False), (PERSONS[1]["id"], "role_added", True)],
    )


def test_a_role_that_was_revoked_here_is_explained(engine: Engine, instance: ServedClerk, parity: Any) -> None:
    revoke = """
        update user_roles set effective_end_date = now(), is_active = false, end_reason = 'Left.'
        where role = 'ADMIN' and user_id = (select id from users where external_id = %s)
    """
    change(engine, revoke, KEY)
    assert parity() == (0, [(KEY, "role_end", True)])


def test_a_window_that_was_never_given_is_found(engine: Engine, parity: Any) -> None:
    with as_owner(engine) as connection:
        connection.exec_driver_sql("alter table keycloak_windows disable trigger before_import")
        connection.exec_driver_sql(
            """
            insert into keycloak_windows (run_id, keycloak_id, role, starts_at, path, evidence)
            values (1, %s, 'MENTOR', '2020-01-01', 'role x', 'export')
            """,
            (KEY,),
        )
    assert parity() == (1, [(KEY, "role_missing", False)])


def test_users_that_only_one_side_has_are_found(parity: Any, place: Path) -> None:
    exports.directory(place, [*PERSONS[1:], DISABLED, person(70)])
    code, differences = parity()
    assert (code, set(differences)) == (
        1,
        {(PERSONS[0]["id"], "not_in_export", False), (person(70)["id"], "not_planned", False)},
    )


def test_a_user_who_is_missing_here_is_found(engine: Engine, instance: ServedClerk, parity: Any) -> None:
    with as_owner(engine) as connection:
        audit.set_author(connection, Author(actor="operator:tests", reason="For a test."))
        connection.exec_driver_sql("update users set clerk_id = 'user_gone' where external_id = %s", (KEY,))
    _, differences = parity()
    assert (KEY, "missing_here", False) in differences


def test_what_changed_at_clerk_long_after_the_import_is_explained(
    engine: Engine, instance: ServedClerk, parity: Any, clerk: Clerk
) -> None:
    with as_owner(engine) as connection:
        connection.exec_driver_sql("update keycloak_imports set changed_at = now() - interval '1 hour'")
    instance.rename(clerk_id(instance), "Eve")
    renamed = instance.instance.user(clerk_id(instance)).as_json
    assert apply(engine, clerk, clerk.send(event("user.updated", renamed, instance_id=instance.id))).applied == 1
    assert parity() == (0, [(KEY, "name", True)])


def test_a_user_whose_deletion_is_known_here_is_explained(
    engine: Engine, instance: ServedClerk, parity: Any, clerk: Clerk
) -> None:
    gone = clerk_id(instance)
    instance.instance.delete(gone)
    deleted = event("user.deleted", {"id": gone, "object": "user", "deleted": True}, instance_id=instance.id)
    assert apply(engine, clerk, clerk.send(deleted)).applied == 1
    code, differences = parity()
    assert (code, set(differences)) == (0, {(KEY, "role_end", True), (KEY, "missing_at_clerk", True)})


def test_users_that_a_newer_plan_does_not_have_or_import_are_named(
    parity: Any, akako_keycloak: Parity, planned: Path, place: Path
) -> None:
    for path in place.glob("*-users-*"):
        path.unlink()
    exports.directory(place, [*PERSONS[1:], DISABLED])
    planned.write_text(planned.read_text().replace('unverified = "reserve"', 'unverified = "skip"'))
    assert akako_keycloak("plan", str(place), "--map", str(planned)).exit_code == 0
    result = akako_keycloak("parity", "2", str(place), "--json")
    found = [(each["keycloak_id"], each["kind"], each["explained"]) for each in json.loads(result.stdout)["items"]]
    assert (result.exit_code, found) == (
        1,
        [(DISABLED["id"], "not_planned_at_clerk", False), (PERSONS[0]["id"], "gone_with_roles", False)],
    )


@pytest.mark.parametrize(
    ("meanwhile", "expected"),
    [
        ("update user_roles set effective_end_date = now(), is_active = false", ("gone_from_keycloak", True)),
        ("update keycloak_imports set state = 'undoing'", ("gone_unfinished", False)),
    ],
)
def test_users_that_are_gone_from_keycloak_are_explained_without_roles_here(
    engine: Engine,
    parity: Any,
    akako_keycloak: Parity,
    planned: Path,
    place: Path,
    meanwhile: str,
    expected: tuple[str, bool],
) -> None:
    for path in place.glob("*-users-*"):
        path.unlink()
    exports.directory(place, [*PERSONS[1:], DISABLED])
    assert akako_keycloak("plan", str(place), "--map", str(planned)).exit_code == 0
    with as_owner(engine) as connection:
        audit.set_author(connection, Author(actor="operator:tests", reason="For a test."))
        connection.exec_driver_sql(meanwhile)
    result = akako_keycloak("parity", "2", str(place), "--json")
    found = [each for each in json.loads(result.stdout)["items"] if each["keycloak_id"] == PERSONS[0]["id"]]
    assert [(each["kind"], each["explained"]) for each in found] == [expected]
