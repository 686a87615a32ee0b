"""`akako keycloak import`: the users of a plan are created at Clerk once, with passwords and planned roles."""

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import Engine

from clerk.user import IMPORT_MARKER
from clerk.user_writer import UserWriter
from dev.clerk.user import User
from tests.clerk_sender import Clerk, event
from tests.cli.test_keycloak_command import HEAD
from tests.dev import groups
from tests.keycloak import exports
from tests.keycloak.exports import ANSWERS, CREDENTIALS, PERSONS, person
from tests.keycloak.maps import MAP
from tests.ledger import apply, rows, values
from tests.served_clerk import ServedClerk, served_clerk
from tests.servers import Database

pytestmark = pytest.mark.recovery

Akako = Callable[..., Result]
FAST = "100"
STATES = "select state, count(*) from keycloak_imports group by state order by state"
PASSWORD = next(each["password"] for each in ANSWERS["passwords"] if each["name"] == "argon2id-default")
TRAIL = (
    "select action, clerk_user_id, role from audit_log where action in ('user.created', 'role.assigned') order by 2, 3"
)


@pytest.fixture
def instance() -> Iterator[ServedClerk]:
    with served_clerk() as running:
        yield running


@pytest.fixture
def place(tmp_path: Path) -> Path:
    made = tmp_path / "export"
    made.mkdir()
    return exports.directory(made)


@pytest.fixture
def given(database: Database, instance: ServedClerk) -> dict[str, str]:
    """The environment of the command."""
    return {
        "DATABASE_URL": database.app_url,
        "DATABASE_OWNER_URL": database.owner_url,
        "CLERK_SECRET_KEY": instance.key,
        "CLERK_API_URL": instance.url,
        "CLERK_REQUESTS_PER_SECOND": FAST,
    }


@pytest.fixture
def plan(akako: Any, place: Path, tmp_path: Path, given: dict[str, str]) -> Akako:
    """The command that plans the export."""
    (tmp_path / "map.toml").write_text(MAP)

    def command(*words: str) -> Result:
        result: Result = akako("keycloak", "plan", str(place), "--map", str(tmp_path / "map.toml"), *words, **given)
        assert result.exit_code == 0, result.output
        return result

    return command


@pytest.fixture
def run(akako: Any, plan: Akako, place: Path, given: dict[str, str]) -> Akako:
    """Plans the export, and returns the command that imports it."""
    plan()

    def command(*words: str, plan: int = 1, **environment: str) -> Result:
        result: Result = akako("keycloak", "import", str(plan), str(place), *words, **given | environment)
        return result

    return command


def users(instance: ServedClerk) -> dict[str | None, User]:
    """The users at Clerk by external id."""
    return {user.external_id: user for user in instance.instance.state.users.values()}


def test_every_planned_user_is_created_with_password_and_roles(
    engine: Engine, instance: ServedClerk, run: Akako, given: dict[str, str]
) -> None:
    result = run("--json")
    assert (result.exit_code, json.loads(result.stdout)["states"]) == (0, {"applied": 7}), result.output
    assert set(users(instance)) == {each["id"] for each in PERSONS}
    head = users(instance)[HEAD["id"]]
    assert [each.email_address for each in head.email_addresses] == [HEAD["email"]]
    writer = UserWriter(instance.key, instance.url)
    assert (writer.verifies(head.id, PASSWORD), writer.verifies(head.id, "x" + PASSWORD)) == (True, False)
    writer.close()
    held = "select role from current_roles join users using (clerk_id) where external_id = %s order by role"
    assert values(engine, held, HEAD["id"]) == ["ADMIN", "LEARNER", "MENTOR"]
    assert values(engine, "select count(*) from user_roles where assigned_by = 'akako'") == [0]


def test_a_second_import_sends_nothing_and_writes_nothing(engine: Engine, instance: ServedClerk, run: Akako) -> None:
    run()
    before = [rows(engine, f"select * from {table}") for table in ("audit_log", "keycloak_imports", "users")]
    instance.fail("server-error", path="/v1/users", times=None)
    result = run("--json")
    assert (result.exit_code, json.loads(result.stdout)["worked_on"]) == (0, {}), result.output
    assert before == [rows(engine, f"select * from {table}") for table in ("audit_log", "keycloak_imports", "users")]


def test_a_limit_imports_some_and_the_next_call_the_others(instance: ServedClerk, run: Akako) -> None:
    assert json.loads(run("--limit", "2", "--json").stdout)["states"] == {"applied": 2, "planned": 5}
    assert len(users(instance)) == 2
    result = run("--json")
    assert (json.loads(result.stdout)["states"], len(users(instance))) == ({"applied": 7}, 7)
    assert "Importing 5 users" in result.stderr


@pytest.mark.parametrize("fault", ["cut-off", "server-error", "rate-limited"])
def test_a_failed_answer_is_followed_by_a_look_up_and_never_by_a_second_user(
    engine: Engine, instance: ServedClerk, run: Akako, fault: str
) -> None:
    instance.fail(fault, path="/v1/users")
    result = run("--json")
    assert (result.exit_code, json.loads(result.stdout)["states"]) == (0, {"applied": 7}), result.output
    assert len(instance.instance.state.users) == 7
    assert values(engine, "select count(*) from audit_log where action = 'user.created'") == [7]


def test_a_foreign_user_with_the_same_external_id_is_refused_and_not_changed(
    engine: Engine, instance: ServedClerk, run: Akako
) -> None:
    instance.create(external_id=HEAD["id"])
    before = users(instance)[HEAD["id"]]
    result = run("--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["states"]) == (1, {"applied": 6, "refused": 1})
    assert found["unsuccessful"] == [{"keycloak_id": HEAD["id"], "state": "refused", "reason": "external_id_exists"}]
    assert users(instance)[HEAD["id"]] == before
    again = run("--json")
    assert (again.exit_code, json.loads(again.stdout)["worked_on"]) == (1, {})
    instance.instance.delete(before.id)
    assert run("--retry").exit_code == 0
    assert rows(engine, STATES) == [("applied", 7)]


def test_what_clerk_refuses_is_named(instance: ServedClerk, run: Akako) -> None:
    instance.create(external_id="another", username="person-4")
    result = run()
    assert result.exit_code == 1
    assert [line.split()[1::2] for line in result.stdout.splitlines() if HEAD["id"] in line] == [
        [HEAD["id"], "refused", "form_identifier_exists"]
    ]


def test_an_instance_that_is_full_ends_the_import_which_can_be_continued(
    engine: Engine, instance: ServedClerk, run: Akako
) -> None:
    instance.fail("server-error", None, path="/v1/users", status=403, code="user_quota_exceeded")
    result = run()
    assert (result.exit_code, "takes no more users" in result.stderr) == (1, True)
    assert set(values(engine, "select state from keycloak_imports")) == {"creating"}
    instance.instance.faults.clear()
    assert run().exit_code == 0
    assert len(instance.instance.state.users) == 7


def test_an_export_with_other_passwords_is_not_sent(instance: ServedClerk, run: Akako, place: Path) -> None:
    changed = [*PERSONS[:2], person(4, "sha512-210000-64", realmRoles=["head"]), *PERSONS[3:6]]
    (place / "akademie-users-2.json").unlink()
    exports.directory(place, changed)
    result = run("--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["differing"], found["not_in_export"]) == (1, [HEAD["id"]], 1)
    assert set(users(instance)) == {each["id"] for each in PERSONS[:6]} - {HEAD["id"]}


def test_only_the_latest_plan_is_imported(plan: Akako, run: Akako, place: Path) -> None:
    exports.directory(place, PERSONS[1:])
    plan()
    assert "Plan 2 of this realm is newer" in run().stderr
    assert "There is no plan 9" in run(plan=9).stderr
    assert run(plan=2).exit_code == 0


def test_a_newer_run_imports_who_is_new_and_leaves_the_others(
    engine: Engine, instance: ServedClerk, plan: Akako, run: Akako, place: Path
) -> None:
    run()
    exports.directory(place, [*PERSONS, person(50)])
    plan()
    result = run("--json", plan=2)
    assert json.loads(result.stdout)["worked_on"] == {"applied": 1}
    assert len(instance.instance.state.users) == 8


def test_without_the_owner_of_the_tables_no_import_begins(
    engine: Engine, instance: ServedClerk, run: Akako, database: Database
) -> None:
    result = run(DATABASE_OWNER_URL=database.app_url)
    assert (result.exit_code, "Set DATABASE_OWNER_URL" in result.stderr) == (1, True)
    assert instance.instance.state.users == {}


def test_a_live_instance_is_asked_about_first(instance: ServedClerk, run: Akako) -> None:
    result = run(CLERK_SECRET_KEY="sk_live_abc")
    assert (result.exit_code, "live instance" in result.output) == (1, True)


def test_no_secret_is_stored_or_printed(engine: Engine, run: Akako, instance: ServedClerk) -> None:
    instance.fail("server-error", path="/v1/users", status=422, code="form_password_digest_invalid_code")
    result = run("--json")
    tables = values(engine, "select tablename from pg_tables where schemaname = 'akako'")
    stored = " ".join(str(rows(engine, f"select * from {table}")) for table in tables if table != "locks")
    secrets = [json.loads(CREDENTIALS["argon2id-default"]["secretData"])[name] for name in ("value", "salt")]
    assert rows(engine, STATES) == [("applied", 6), ("refused", 1)]
    assert [secret for secret in secrets if secret in stored + result.output] == []


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_an_import_that_was_interrupted_or_killed_is_continued(
    engine: Engine,
    instance: ServedClerk,
    run: Akako,
    given: dict[str, str],
    place: Path,
    mark: str,
    directory: Path,
    ending: signal.Signals,
) -> None:
    slow = given | {"CLERK_REQUESTS_PER_SECOND": "2"}
    with groups.akako(mark, "keycloak", "import", "1", str(place), output=directory / "printed", **slow) as running:
        groups.until(lambda: instance.instance.state.users)
        running.send_signal(ending)
        code = running.wait(30)
    assert code == {signal.SIGINT: 130, signal.SIGKILL: -9}[ending], (directory / "printed").read_text()
    assert run().exit_code == 0
    assert len(users(instance)) == len(instance.instance.state.users) == 7
    assert values(engine, "select count(*) from audit_log where action = 'user.created'") == [7]


def test_an_echo_after_the_import_and_twice_changes_nothing(
    engine: Engine, instance: ServedClerk, run: Akako, clerk: Clerk
) -> None:
    run()
    expected = rows(engine, TRAIL)
    assert len(expected) > 7
    for user in users(instance).values():
        echo = event("user.created", user.as_json, instance_id=instance.id)
        assert apply(engine, clerk, clerk.send(echo), clerk.send(echo)).applied == 2
    assert rows(engine, TRAIL) == expected


def test_the_marker_is_at_clerk_and_the_external_id_is_keycloaks(
    engine: Engine, instance: ServedClerk, run: Akako
) -> None:
    run()
    [marker] = values(engine, "select marker from keycloak_runs")
    assert {user.private_metadata[IMPORT_MARKER] for user in users(instance).values()} == {marker}
