"""`akako keycloak`: inspects exports, and plans the move of their users."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine

from cli.main import main
from tests.keycloak import exports
from tests.keycloak.exports import ANSWERS, CREDENTIALS, HELD, PERSONS, SERVICE_ACCOUNT, person
from tests.keycloak.maps import MAP, changed
from tests.ledger import rows, values
from tests.servers import Database

pytestmark = pytest.mark.clerk

Plan = Callable[..., Result]
HEAD = HELD["a role with others within"][0]
EVERY_TABLE = ("keycloak_runs", "keycloak_users", "keycloak_windows")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with the export."""
    made = tmp_path / "export"
    made.mkdir()
    return exports.directory(made)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A map of everything."""
    path = tmp_path / "map.toml"
    path.write_text(MAP)
    return path


@pytest.fixture
def plan(akako: Any, place: Path, written: Path, database: Database) -> Plan:
    def run(*words: str) -> Result:
        result: Result = akako(
            "keycloak", "plan", str(place), "--map", str(written), *words, DATABASE_OWNER_URL=database.owner_url
        )
        return result

    return run


def inspect(*words: object) -> Result:
    return CliRunner().invoke(main, ["keycloak", "inspect", *map(str, words)])


def planned(result: Result) -> dict[str, Any]:
    """The printed users by id."""
    assert result.exit_code == 0, result.output
    return {user["keycloak_id"]: user for user in json.loads(result.stdout)["items"]}


def test_inspect_needs_no_database_and_shows_the_numbers(place: Path) -> None:
    result = inspect(place, "--json", "--expect", len(PERSONS))
    found = json.loads(result.stdout)
    assert (result.exit_code, found["users"], found["persons"], found["keycloak_version"]) == (0, 8, 7, "26.4.7")
    assert {"role": "pupil", "client": None, "direct": 0, "effective": 5} in found["roles"]
    shown = inspect(place).stdout
    assert "argon2id, 5 iterations, 32 bytes" in shown
    assert "8; persons: 7" in shown


def test_an_export_with_fewer_persons_than_expected_ends_with_1_after_its_numbers(place: Path) -> None:
    result = inspect(place, "--expect", 8)
    assert result.exit_code == 1
    assert "persons: 7" in result.stdout
    assert "Expected at least 8, and found 7." in result.stderr


def test_an_export_that_others_can_read_is_refused(place: Path) -> None:
    (place / "akademie-realm.json").chmod(0o644)
    result = inspect(place)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "chmod -R go=" in result.stderr


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    result = inspect(tmp_path / "missing")
    assert result.exit_code == 1
    assert "missing" in result.stderr


def test_a_new_map_is_written_once(place: Path, tmp_path: Path) -> None:
    path = tmp_path / "new.toml"
    assert inspect(place, "--write-map", path).exit_code == 0
    text = path.read_text()
    assert '"head" = "choose"' in text
    again = inspect(place, "--write-map", path)
    assert (again.exit_code, path.read_text()) == (1, text)
    assert "exists and is kept" in again.stderr


def test_a_plan_has_every_user_with_fate_and_windows(plan: Plan) -> None:
    users = planned(plan("--json"))
    assert set(users) == {each["id"] for each in (SERVICE_ACCOUNT, *PERSONS)}
    assert users[SERVICE_ACCOUNT["id"]]["reasons"] == ["service_account"]
    head = users[HEAD["id"]]
    assert (head["fate"], head["password_hasher"]) == ("planned", "argon2id")
    assert {window["role"]: window["evidence"] for window in head["windows"]} == {
        "ADMIN": "export",
        "MENTOR": "export",
        "LEARNER": "registration",
    }


def test_a_plan_is_stored_and_shown_again(engine: Engine, akako: Any, plan: Plan) -> None:
    result = plan("--by", "ada")
    assert "Stored as plan 1." in result.stdout
    assert values(engine, "select planned_by from keycloak_runs") == ["operator:ada"]
    shown = json.loads(akako("keycloak", "show", "1", "--fate", "skipped", "--json").stdout)
    assert [user["keycloak_id"] for user in shown["items"]] == [SERVICE_ACCOUNT["id"]]
    first = json.loads(akako("keycloak", "show", "1", "--limit", "3", "--json").stdout)
    rest = json.loads(akako("keycloak", "show", "1", "--after", first["next"], "--json").stdout)
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (3, 5, None)
    assert HEAD["id"] in akako("keycloak", "show", "1", "--user", HEAD["id"]).stdout
    listed = json.loads(akako("keycloak", "runs", "--json").stdout)["items"]
    assert [(run["realm"], run["map"]) for run in listed] == [("akademie", MAP)]
    assert "There is no plan 9" in akako("keycloak", "show", "9").stderr


def test_a_dry_run_stores_nothing(engine: Engine, plan: Plan) -> None:
    result = plan("--dry-run")
    assert "Dry run: the plan was not stored." in result.stdout
    assert [values(engine, f"select count(*) from {table}") for table in EVERY_TABLE] == [[0], [0], [0]]


def test_a_plan_that_says_the_same_is_not_stored_again(engine: Engine, place: Path, plan: Plan) -> None:
    for path in place.iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))
    plan()
    exports.directory(place)  # a copy of the same export, written later
    assert "Plan 1 says the same" in plan().stdout
    assert values(engine, "select count(*) from keycloak_runs") == [1]


def test_a_newer_export_shows_what_is_different(engine: Engine, place: Path, plan: Plan) -> None:
    plan()
    newer = [dict(each) for each in PERSONS[1:]]
    newer[0]["groups"] = []
    newer[1]["credentials"] = [CREDENTIALS["sha512-210000-64"] | {"createdDate": 1_800_000_000_000}]
    newer[2]["email"], newer[2]["username"] = None, "+49"
    exports.directory(place, [*newer, person(50)])
    result = plan("--json")
    assert json.loads(result.stdout)["differences"] == {
        "fate": 1, "gone": 1, "new": 1, "password": 1, "reasons": 1, "roles": 1,
    }  # fmt: skip
    text = plan("--dry-run").stdout
    assert "Plan 2 says the same" in text


def test_differences_are_listed_with_before_and_after(place: Path, plan: Plan) -> None:
    plan()
    changed_person = dict(PERSONS[1]) | {"groups": ["/House"]}
    exports.directory(place, [PERSONS[0], changed_person, *PERSONS[2:]])
    result = plan("--dry-run")
    [line] = [line for line in result.stdout.splitlines() if "│ roles" in line]
    before, after = [cell.strip() for cell in line.split("│")[3:5]]
    assert "MENTOR" in before
    assert after.startswith("LEARNER 2020-")
    assert "MENTOR" not in after
    assert "Differences from plan 1: 1 roles." in result.stderr


def test_what_an_earlier_export_showed_stays_known_since_then(engine: Engine, place: Path, plan: Plan) -> None:
    for path in place.iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))
    plan()
    exports.directory(place, [*PERSONS, person(50, realmRoles=["head"])])
    plan()
    starts = (
        "select extract(epoch from starts_at) = 1700000000 from keycloak_windows where role = 'ADMIN' and run_id = %s"
    )
    assert values(engine, starts, 1) == [True]
    assert sorted(values(engine, starts, 2)) == [False, True]


def test_the_past_of_roles_comes_from_admin_events(tmp_path: Path, plan: Plan) -> None:
    events = [
        {
            "time": time,
            "operationType": operation,
            "resourceType": "REALM_ROLE_MAPPING",
            "resourcePath": f"users/{HEAD['id']}/role-mappings/realm",
            "representation": '[{"name": "head"}]',
        }
        for time, operation in (
            (1_650_000_000_000, "CREATE"),
            (1_660_000_000_000, "DELETE"),
            (1_670_000_000_000, "CREATE"),
        )
    ]
    path = exports.write(tmp_path / "events.json", events)
    windows = planned(plan("--json", "--events", str(path)))[HEAD["id"]]["windows"]
    assert [(each["starts_at"][:10], (each["ends_at"] or "")[:10]) for each in windows if each["role"] == "ADMIN"] == [
        ("2022-04-15", "2022-08-08"),
        ("2022-12-02", ""),
    ]
    assert "Read 3 admin events: 3 say when a role was given or taken" in plan("--events", str(path)).stderr


def test_the_time_of_the_export_can_be_given_and_is_at_the_latest_now(engine: Engine, plan: Plan) -> None:
    plan("--exported-at", "2100-01-01T00:00:00Z")
    assert values(engine, "select exported_at <= now() from keycloak_runs") == [True]
    plan("--exported-at", "2024-02-03T04:05:06Z")
    starts = "select distinct starts_at::text from keycloak_windows where evidence = 'export' and run_id = 2"
    assert values(engine, starts) == ["2024-02-03 04:05:06+00"]


def test_a_map_that_does_not_decide_about_everything_stops_the_plan(engine: Engine, written: Path, plan: Plan) -> None:
    written.write_text(changed(('coach = "MENTOR"', "")))
    result = plan()
    assert result.exit_code == 1
    assert '"coach" becomes' in result.stderr
    assert values(engine, "select count(*) from keycloak_runs") == [0]


def test_a_map_that_is_missing_is_named_with_the_command_that_writes_one(written: Path, plan: Plan) -> None:
    written.unlink()
    result = plan()
    assert result.exit_code == 1
    assert f"--write-map {written}" in result.stderr


def test_an_export_that_breaks_off_in_the_middle_stores_nothing(engine: Engine, place: Path, plan: Plan) -> None:
    path = place / "akademie-users-2.json"
    os.truncate(path, path.stat().st_size - 5)
    result = plan()
    assert result.exit_code == 1
    assert "Export again" in result.stderr
    assert [values(engine, f"select count(*) from {table}") for table in EVERY_TABLE] == [[0], [0], [0]]


def test_a_name_that_postgresql_cannot_store_is_replaced(engine: Engine, place: Path, plan: Plan) -> None:
    odd = {key: value for key, value in person(50).items() if key != "id"} | {"username": "nul\0 \ud800"}
    exports.directory(place, [*PERSONS, odd])
    assert plan().exit_code == 0
    assert values(engine, "select keycloak_id from keycloak_users where keycloak_id like 'username:%%'") == [
        "username:nul\ufffd \ufffd"
    ]


def test_secrets_appear_neither_in_output_nor_in_tables(engine: Engine, place: Path, plan: Plan) -> None:
    app = ANSWERS["totp"][0]["credential"]
    known = [(number, each) for number, each in enumerate(CREDENTIALS, 20) if each != "secretData-not-json"]
    persons = [person(number, credentials=[CREDENTIALS[name], app]) for number, name in known]
    exports.directory(place, [*PERSONS, *persons])
    for path in place.glob("*-users-*.json"):
        path.chmod(0o600)
    results = [plan(), plan("--dry-run", "--json"), inspect(place), inspect(place, "--json")]
    assert [result.exit_code for result in results] == [0, 0, 0, 0]
    stored = [str(row) for table in EVERY_TABLE for row in rows(engine, f"select * from {table}")]
    shown = "\n".join([result.output for result in results] + stored)
    secrets = [word for answer in ANSWERS["passwords"] for word in (answer["digest"], answer["password"])]
    secrets += [
        "Q7fGk2mWz0aXb9LpT4dN",
        "KE3WMR3L",
        "kr5LV/SdMqKsgEb2",
        "made up for a demo",
        "a-secret-of",
        "@school.org",
    ]
    assert [secret for secret in secrets if secret in shown] == []
