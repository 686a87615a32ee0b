"""`akako keycloak undo` and `cutover`, and what plans show about users that were imported before."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import Engine

from dev.clerk.user import touch
from tests.keycloak import exports
from tests.keycloak.exports import PERSONS, person
from tests.keycloak.maps import MAP
from tests.ledger import rows, values
from tests.served_clerk import ServedClerk, served_clerk
from tests.servers import Database

pytestmark = pytest.mark.recovery

Command = Callable[..., Result]
WHY = ("--by", "grace", "--reason", "For a test.")
STATES = "select state, count(*) from keycloak_imports group by state order by state"
DECISIONS = "select action, actor, reason, cause from audit_log where action like 'keycloak.%%' order by id"


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
def keycloak(akako: Any, database: Database, instance: ServedClerk, place: Path, tmp_path: Path) -> Command:
    """The command; `plan` has its map."""
    (tmp_path / "map.toml").write_text(MAP)

    def run(command: str, *words: object, **given: Any) -> Result:
        environment = {
            "DATABASE_OWNER_URL": database.owner_url,
            "CLERK_SECRET_KEY": instance.key,
            "CLERK_API_URL": instance.url,
            "CLERK_REQUESTS_PER_SECOND": "100",
        }
        more = (str(place), "--map", str(tmp_path / "map.toml")) if command == "plan" else ()
        result: Result = akako("keycloak", command, *more, *map(str, words), **environment | given)
        return result

    return run


@pytest.fixture
def imported(keycloak: Command, place: Path) -> None:
    assert keycloak("plan").exit_code == 0
    assert keycloak("import", 1, place).exit_code == 0


@pytest.mark.usefixtures("imported")
def test_undo_shows_what_it_would_do_and_asks_before_it_does(
    engine: Engine, instance: ServedClerk, keycloak: Command, place: Path
) -> None:
    user, now = next(iter(instance.instance.state.users.values())), instance.instance.now()
    instance.instance.put(touch(user, now, last_sign_in_at=now), event=None)
    dry = keycloak("undo", 1, "--dry-run", "--json", *WHY)
    expected = {
        "counts": {"signed_in": 1, "undone": 6},
        "spared": [{"keycloak_id": user.external_id, "reason": "signed_in"}],
    }
    assert json.loads(dry.stdout) == {"run": 1, "dry_run": True, **expected}
    asked = keycloak("undo", 1, *WHY, given="n\n")
    assert (asked.exit_code, "Delete 6 users" in asked.output) == (1, True)
    assert (len(instance.instance.state.users), rows(engine, DECISIONS)) == (7, [])
    result = keycloak("undo", 1, "--yes", "--json", *WHY)
    assert json.loads(result.stdout) == {"run": 1, "dry_run": False, **expected}
    assert [each.id for each in instance.instance.state.users.values()] == [user.id]
    assert rows(engine, STATES) == [("applied", 1), ("undone", 6)]
    assert rows(engine, DECISIONS) == [("keycloak.undo_started", "operator:grace", "For a test.", "keycloak_1")]
    assert "undone" in keycloak("runs").stdout
    again = keycloak("undo", 1, "--yes", "--json", *WHY)
    assert (json.loads(again.stdout)["counts"], len(rows(engine, DECISIONS))) == ({"signed_in": 1}, 1)
    refused = keycloak("import", 1, place)
    assert (refused.exit_code, "Plan 1 was undone. Plan again" in refused.stderr) == (1, True)
    # The same export is planned again, and creates the others anew.
    assert "Stored as plan 2" in keycloak("plan").stdout
    assert keycloak("import", 2, place).exit_code == 0
    assert rows(engine, STATES) == [("applied", 7)]


def test_nothing_is_undone_before_an_import_or_without_the_owner(
    engine: Engine, keycloak: Command, place: Path, database: Database
) -> None:
    assert keycloak("plan").exit_code == 0
    assert "has not begun" in keycloak("undo", 1, "--yes", *WHY).stderr
    assert "There is no plan 9" in keycloak("undo", 9, "--yes", *WHY).stderr
    assert keycloak("import", 1, place).exit_code == 0
    refused = keycloak("undo", 1, "--yes", *WHY, DATABASE_OWNER_URL=database.app_url)
    assert (refused.exit_code, "Set DATABASE_OWNER_URL" in refused.stderr) == (1, True)
    assert rows(engine, STATES) == [("applied", 7)]


def test_only_the_owner_of_the_tables_plans(keycloak: Command, database: Database, engine: Engine) -> None:
    refused = keycloak("plan", DATABASE_OWNER_URL=database.app_url)
    assert (refused.exit_code, "Set DATABASE_OWNER_URL" in refused.stderr) == (1, True)
    assert rows(engine, "select * from keycloak_runs") == []


def test_a_move_ends_when_everything_is_there_and_can_be_reopened(
    engine: Engine, keycloak: Command, place: Path, instance: ServedClerk
) -> None:
    assert keycloak("plan").exit_code == 0
    assert "has not begun" in keycloak("cutover", 1, place, "--yes", *WHY).stderr
    assert keycloak("import", 1, place, "--limit", "5").exit_code == 0
    unfinished = keycloak("cutover", 1, place, "--yes", *WHY)
    assert (unfinished.exit_code, "Users are not imported: 2 planned" in unfinished.stderr) == (1, True)
    assert keycloak("import", 1, place).exit_code == 0
    exports.directory(place, [person(2), *PERSONS[1:]])
    differs = keycloak("cutover", 1, place, "--yes", *WHY)
    assert (differs.exit_code, "The export differs from the plan: 1 reasons, 1 roles" in differs.stderr) == (1, True), (
        differs.output
    )
    exports.directory(place)
    assert keycloak("cutover", 1, place, "--dry-run", *WHY).exit_code == 0
    assert rows(engine, DECISIONS) == []
    done = keycloak("cutover", 1, place, *WHY, given="y\n")
    assert (done.exit_code, "not the authority" in done.stderr) == (0, True), done.output
    for words in (["plan"], ["plan", "--dry-run"], ["import", 1, place], ["undo", 1, "--yes", *WHY]):
        refused = keycloak(*words)
        assert refused.exit_code == 1
        assert "by operator:grace. To go back, run `akako keycloak cutover 1 --back" in refused.stderr
    assert "cut over" in keycloak("show", 1).stdout
    assert json.loads(keycloak("runs", "--json").stdout)["items"][0]["cut_over_by"] == "operator:grace"
    assert keycloak("parity", 1, place).exit_code == 0
    assert "The move ended with plan 1" in keycloak("cutover", 1, place, "--yes", *WHY).stderr
    assert keycloak("cutover", 1, "--back", "--yes", *WHY).exit_code == 0
    assert "has not ended" in keycloak("cutover", 1, "--back", "--yes", *WHY).stderr
    assert keycloak("plan").exit_code == 0
    assert [action for action, *_ in rows(engine, DECISIONS)] == ["keycloak.cut_over", "keycloak.reopened"]


@pytest.mark.usefixtures("imported")
def test_what_is_accepted_is_in_the_trail(
    engine: Engine, keycloak: Command, place: Path, instance: ServedClerk
) -> None:
    instance.rename(next(iter(instance.instance.state.users)), "Eve")
    refused = keycloak("cutover", 1, place, "--dry-run", "--json", *WHY)
    assert (refused.exit_code, json.loads(refused.stdout)["unexplained"]) == (1, {"name": 1, "other_than_at_clerk": 1})
    accepting = ("--accept", "name", "--accept", "other_than_at_clerk")
    assert keycloak("cutover", 1, place, "--yes", *accepting, *WHY).exit_code == 0
    assert values(engine, "select reason from audit_log where action = 'keycloak.cut_over'") == [
        "For a test. Accepted differences: 1 name, 1 other_than_at_clerk."
    ]


@pytest.mark.usefixtures("imported")
def test_a_newer_plan_shows_and_its_import_does_what_keycloak_changed(
    engine: Engine, keycloak: Command, place: Path
) -> None:
    exports.directory(place, [person(2), *PERSONS[1:6], person(50)])
    dry = json.loads(keycloak("plan", "--dry-run", "--json").stdout)
    assert dry["changes"] == {"gone": 1, "role_ended": 1}
    planned = keycloak("plan")
    assert "Users that were imported before" in planned.stdout
    [run] = values(engine, "select max(id) from keycloak_runs")
    unfinished = keycloak("parity", run, place, "--json")
    kinds = {each["kind"] for each in json.loads(unfinished.stdout)["items"] if not each["explained"]}
    assert kinds == {"not_changed", "not_imported"}
    result = json.loads(keycloak("import", run, place, "--json").stdout)
    assert (result["changed"], result["worked_on"]) == ({"role_ended": 1}, {"applied": 1})
    parity = keycloak("parity", run, place, "--json")
    assert parity.exit_code == 0, parity.output
