"""`akako keycloak ... --database`: Keycloak's database gives the same plan as an export of the same realm."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import Result
from sqlalchemy import Engine

from tests.cli.test_keycloak_command import HEAD
from tests.keycloak import exports
from tests.keycloak.exports import ANSWERS, CREDENTIALS, PERSONS, SERVICE_ACCOUNT, Data, person
from tests.keycloak.keycloak_tables import SCHEMA, KeycloakTables
from tests.keycloak.maps import changed
from tests.ledger import values
from tests.servers import Database

pytestmark = pytest.mark.clerk

Run = Callable[..., Result]
TOTP = next(each["credential"] for each in ANSWERS["totp"] if each["name"] == "totp-raw")
FLAT_TOTP = {"type": "totp", "hashedSaltedValue": "a-key-of-an-app", "algorithm": "HmacSHA1", "digits": 6, "period": 30}
OLD = CREDENTIALS["sha256-27500-64-old-format"]
NO_ROLES: Data = {"realm": [], "client": {}}
EVERY_KIND = [
    # A database has no group that it does not have.
    *(each for each in PERSONS if each["groups"] != ["/Garden"]),
    person(20, None, enabled=False, emailVerified=False, requiredActions=["UPDATE_PASSWORD"]),
    person(21, None, federationLink="ldap", firstName="Ada", lastName="Lovelace"),
    person(22, None, federatedIdentities=[{"identityProvider": "google"}]),
    person(23, None, email="person-1@school.org", username="x", attributes={"class": ["7b", "8b"], "bio": ["é" * 300]}),
    person(24, email=PERSONS[0]["email"]),
    person(25, groups=["/House/Coaches", "/House/A~/B"], clientRoles={"lms": ["manage"]}),
]
FEDERATED = {
    "id": "f:ldap:grace",
    "realmRoles": ["coach"],
    "groups": ["/House"],
    "requiredActions": [],
    "attributes": {"class": ["9c"]},
    "federatedIdentities": [{"identityProvider": "github"}],
}


def event(time: int, operation: str, role: str, **more: str) -> Data:
    return {
        "time": time,
        "realmId": "akademie",
        "operationType": operation,
        "resourceType": "REALM_ROLE_MAPPING",
        "resourcePath": f"users/{HEAD['id']}/role-mappings/realm",
        "representation": json.dumps([{"name": role}]),
        "authDetails": {"userId": "kc-principal"},
        **more,
    }


EVENTS = [
    event(1_650_000_000_000, "CREATE", "head"),
    event(1_655_000_000_000, "CREATE", "coach"),
    event(1_656_000_000_000, "DELETE", "coach"),
    event(1_657_000_000_000, "CREATE", "pupil", error="refused"),
]


def credentials(*, is_new: bool) -> list[Data]:
    """The persons, with passwords and an authenticator app as that version stores them."""
    first = [CREDENTIALS["sha512-210000-64"], TOTP] if is_new else [OLD, FLAT_TOTP]
    usual = [CREDENTIALS["argon2id-default"]] if is_new else [OLD]
    everyone = [each | ({"credentials": usual} if each["credentials"] else {}) for each in EVERY_KIND]
    everyone[1] = everyone[1] | {"credentials": first}
    return everyone


@pytest.fixture
def keycloak(database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def run(akako: Any, database: Database) -> Run:
    def run(command: str, *words: str, url: str = database.superuser_url) -> Result:
        given = {
            "DATABASE_OWNER_URL": database.owner_url,
            "KEYCLOAK_DATABASE_URL": url,
            "KEYCLOAK_DATABASE_SCHEMA": SCHEMA,
        }
        result: Result = akako("keycloak", command, *words, **given)
        return result

    return run


def fill(keycloak: psycopg.Connection, users: list[Data], settings: Data, *, is_new: bool) -> None:
    tables = KeycloakTables(keycloak, is_new=is_new)
    tables.add_realm(settings)
    tables.add_realm(settings | {"id": "other", "realm": "other", "clients": [], "groups": [], "roles": NO_ROLES})
    for user in users:
        tables.add_user(settings["id"], user)
    tables.add_user(settings["id"], FEDERATED, federated=True)
    tables.add_user("other", person(99, None))
    for each in EVENTS:
        tables.add_event(settings["id"], each)


@pytest.mark.parametrize("is_new", [True, False], ids=["version 26", "version 7"])
def test_a_database_gives_the_same_plan_as_an_export_of_the_same_realm(
    run: Run, keycloak: psycopg.Connection, engine: Engine, tmp_path: Path, is_new: bool
) -> None:
    users, settings = credentials(is_new=is_new), exports.realm()
    if not is_new:
        settings |= {"keycloakVersion": "7.0.1", "defaultRole": {"name": ""}}
    fill(keycloak, [SERVICE_ACCOUNT, *users], settings, is_new=is_new)
    place = tmp_path / "export"
    place.mkdir()
    exports.directory(place, users, settings)
    exports.write(place / "akademie-federated-users-0.json", {"realm": "akademie", "federatedUsers": [FEDERATED]})
    events = exports.write(tmp_path / "events.json", EVENTS)
    text = changed(('federated = "skip"', 'federated = "import"'))
    text += '[attributes]\nprivate_metadata = ["class", "bio"]\n'
    (tmp_path / "map.toml").write_text(text)
    words = ("--map", str(tmp_path / "map.toml"), "--json")

    by_database = run("plan", "--database", "--realm", "akademie", "--expect", "13", *words)
    assert by_database.exit_code == 0, by_database.output
    found = json.loads(by_database.stdout)
    again = ("--events", str(events), "--exported-at", found["run"]["exported_at"])
    by_export = json.loads(run("plan", str(place), *again, *words).stdout)

    assert found["items"] == by_export["items"]
    assert (by_export["stored"], by_export["differences"]) == (False, {})
    [head] = [each for each in found["items"] if each["keycloak_id"] == HEAD["id"]]
    assert {window["evidence"] for window in head["windows"]} == {"admin_event"}
    assert sum(each["has_app"] for each in found["items"]) == 1
    assert values(engine, "select keycloak_version from keycloak_runs") == [settings["keycloakVersion"]]
    inspections = [
        json.loads(run("inspect", *given, "--json").stdout)
        for given in ((str(place),), ("--database", "--realm", "akademie"))
    ]
    for each in inspections:
        del each["source"], each["written_at"], each["other_realms"]
    assert inspections[0] == inspections[1]


def test_the_database_is_not_written_and_its_password_is_not_shown(
    run: Run, keycloak: psycopg.Connection, database: Database, engine: Engine, tmp_path: Path
) -> None:
    fill(keycloak, [person(1)], exports.realm(), is_new=True)
    result = run("inspect", "--database", "--realm", "akademie", url=f"{database.superuser_url}&password=a-secret")
    assert result.exit_code == 0, result.output
    assert "a-secret" not in result.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--realm", "nowhere"), "There is no realm of this name. It is one of akademie, other."),
        (("--realm", "master"), "Choose another realm."),
        ((), "There are several realms. Choose one with --realm."),
        (("--realm", "akademie", "--expect", "3"), "Expected at least 3, and found 2."),
        (("--realm", "akademie", "export"), "Give either the PATH of an export, or --database."),
        (("--realm", "empty"), "The realm has no users, or service accounts only."),
    ],
)
def test_what_is_not_a_realm_with_everyone_is_refused(
    run: Run, keycloak: psycopg.Connection, words: tuple[str, ...], message: str
) -> None:
    fill(keycloak, [person(1)], exports.realm(), is_new=True)
    if "empty" in words:
        keycloak.execute("update realm set name = 'empty' where name = 'other'; delete from user_entity")
    result = run("inspect", "--database", *words)
    assert result.exit_code in (1, 2)
    assert message in result.stderr


def test_another_database_is_refused_and_what_it_lacks_is_named(
    run: Run, keycloak: psycopg.Connection, database: Database
) -> None:
    assert f"The schema {SCHEMA} lacks realm, client," in run("inspect", "--database").stderr
    fill(keycloak, [person(1)], exports.realm(), is_new=True)
    keycloak.execute("alter table user_entity drop federation_link")
    assert f"The schema {SCHEMA} lacks user_entity.federation_link." in run("inspect", "--database").stderr
    nowhere = run("inspect", "--database", url="postgresql://kc@127.0.0.1:1/keycloak")
    assert nowhere.exit_code == 1
    assert "Check KEYCLOAK_DATABASE_URL" in nowhere.stderr


def test_a_role_that_may_not_read_is_told_what_to_grant(
    run: Run, keycloak: psycopg.Connection, database: Database
) -> None:
    fill(keycloak, [person(1)], exports.realm(), is_new=True)
    words = ("inspect", "--database", "--realm", "akademie")
    refused = run(*words, url=database.app_url)
    assert refused.exit_code == 1
    grants = refused.stderr[refused.stderr.index("grant usage") :].replace("\n", " ")
    keycloak.execute(grants)
    granted = run(*words, url=database.app_url)
    assert granted.exit_code == 0, granted.output
