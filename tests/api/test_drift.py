"""Differences from Clerk in the API: listed, shown, previewed and repaired, by admins only."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from akako_guard.role import Role
from api import operations
from config.settings import ApiSettings
from db import audit, clerk_instance, drift, walks
from db.drift import Finding
from reconcile import drift_repair
from tests import people
from tests.api.asking import Person, SignIn
from tests.clerk_signs_in import PARTY, Instance
from tests.ledger import change, rows, values
from tests.served_clerk import ServedClerk, served_clerk
from tests.servers import Database

DRIFT = "/api/admin/drift"
REPAIR = f"{DRIFT}/repair"
WHY = "Case 17."
NAME = "select first_name from users where clerk_id = %s"
OPEN = "select id from drift where ended_at is null order by id"


@pytest.fixture
def clerk() -> Iterator[ServedClerk]:
    """The Clerk instance whose users are compared."""
    with served_clerk() as running:
        yield running


@pytest.fixture
def settings(database: Database, instance: Instance, clerk: ServedClerk) -> ApiSettings:
    return ApiSettings(
        database_url=SecretStr(database.app_url),
        redis_url=SecretStr("redis://127.0.0.1:1/0"),
        clerk_issuer=instance.issuer,
        clerk_jwt_key=instance.pem,
        clerk_authorized_parties=PARTY,
        clerk_secret_key=SecretStr(clerk.key),
        clerk_api_url=clerk.url,
        clerk_requests_per_second=100,
        api_connections=8,
    )


@pytest.fixture
def ada(engine: Engine, clerk: ServedClerk) -> str:
    """A user that Clerk has and that is not stored."""
    with engine.begin() as connection:
        audit.set_actor(connection, "operator:grace")
        clerk_instance.pin(connection, clerk.id, "development")
    return clerk.create(first_name="Ada")[0]


def found(engine: Engine, clerk_id: str, kind: str, *fields: str) -> int:
    """Record a difference; returns its id."""
    with engine.begin() as connection:
        [made] = drift.record(connection, [Finding(clerk_id=clerk_id, kind=kind, fields=fields)], None, 60).values()
    return made


def ids(page: Any) -> list[int]:
    return [each["id"] for each in page.json()["items"]]


def test_differences_are_listed_by_class_and_user_and_page(engine: Engine, admin: Person) -> None:
    made = [found(engine, f"user_{number}", kind) for number, kind in enumerate(drift.CLASSES)]
    change(engine, "update drift set ended_at = now(), outcome = 'resolved' where id = %s", made[0])

    first = admin.get(DRIFT, limit=3)
    second = admin.get(DRIFT, limit=3, cursor=first.json()["next"])

    assert ids(first) + ids(second) == made[:0:-1]
    assert second.json()["next"] is None
    assert ids(admin.get(DRIFT, ended="true")) == made[::-1]
    assert ids(admin.get(DRIFT, **{"class": "absent"})) == [made[drift.CLASSES.index("absent")]]
    assert ids(admin.get(DRIFT, user="user_2")) == [made[2]]
    assert admin.get(DRIFT, **{"class": "absent"}).json()["items"][0]["class"] == "absent"


@pytest.mark.parametrize(
    "query", [{"class": "late"}, {"kind": "absent"}, {"cursor": "17"}, {"limit": 0}, {"ended": "yes"}]
)
def test_an_invalid_query_of_differences_is_refused(admin: Person, query: dict[str, object]) -> None:
    assert admin.get(DRIFT, **query).status_code == 422


def test_a_difference_is_shown_with_what_it_means(engine: Engine, admin: Person) -> None:
    number = found(engine, "user_ada", "returned", "banned")

    shown = admin.get(f"{DRIFT}/{number}").json()

    assert (shown["class"], shown["fields"], shown["walk"], shown["events"]) == ("returned", ["banned"], None, [])
    assert "recorded as deleted" in shown["meaning"]
    assert "a deletion is final" in shown["action"]


@pytest.mark.parametrize("name", ["17", "0", "-1", "x", "9" * 30])
def test_a_difference_that_is_not_recorded_is_not_found(admin: Person, name: str) -> None:
    answer = admin.get(f"{DRIFT}/{name}")

    assert (answer.status_code, answer.json()["error"]) == (404, "drift_unknown")


def test_a_dry_run_returns_the_changes_and_makes_none(engine: Engine, ada: str, admin: Person) -> None:
    number = found(engine, ada, "missed_creation")

    answer = admin.post(REPAIR, ids=[number], dry_run=True, reason=WHY).json()

    [user] = answer["difference"]["users"]
    assert (answer["repaired"], user["clerk_user_id"], user["before"]) == ([number], ada, None)
    assert (user["after"]["first_name"], user["after"]["banned"]) == ("(hidden)", False)
    assert [each["role"] for each in answer["difference"]["roles"]] == ["LEARNER"]
    assert values(engine, OPEN) == [number]
    assert values(engine, NAME, ada) == []


def test_a_repair_is_recorded_with_the_admin_and_the_reason(engine: Engine, ada: str, admin: Person) -> None:
    number = found(engine, ada, "missed_creation")

    answer = admin.post(REPAIR, all=True, reason=WHY)

    assert answer.json() == {"repaired": [number], "resolved": [], "left": [], "difference": None, "next": None}
    lines = "select distinct actor, actor_email, cause from audit_log where clerk_user_id = %s"
    assert rows(engine, lines, ada) == [("user_admin", "admin@example.com", f"drift_{number}")]
    assert values(engine, "select reason from audit_log where action = 'drift.repaired'") == [WHY]
    assert admin.get(f"{DRIFT}/{number}").json()["outcome"] == "repaired"


def test_all_differences_of_a_class_are_repaired_page_by_page(
    engine: Engine, clerk: ServedClerk, ada: str, admin: Person
) -> None:
    made = [found(engine, each, "missed_creation") for each in (ada, *clerk.create(2))]
    other = found(engine, "user_gone", "absent")
    selected = {"all": True, "class": "missed_creation", "limit": 2, "reason": WHY}

    first = admin.post(REPAIR, **selected).json()
    second = admin.post(REPAIR, **selected, cursor=first["next"]).json()

    assert (first["repaired"], second["repaired"], second["next"]) == ([made[2], made[1]], [made[0]], None)
    assert values(engine, OPEN) == [other]


def test_equal_versions_with_other_contents_need_force(engine: Engine, ada: str, admin: Person) -> None:
    admin.post(REPAIR, ids=[found(engine, ada, "missed_creation")], reason=WHY)
    change(engine, "update users set first_name = 'Zoe' where clerk_id = %s", ada)
    number = found(engine, ada, "differs", "first_name")

    plain = admin.post(REPAIR, ids=[number], reason=WHY).json()
    forced = admin.post(REPAIR, ids=[number], reason=WHY, force=True).json()

    assert (plain["repaired"], [each["id"] for each in plain["left"]]) == ([], [number])
    assert (forced["repaired"], values(engine, NAME, ada)) == ([number], ["Ada"])


def test_what_was_not_repaired_is_listed_with_the_reason(engine: Engine, ada: str, admin: Person) -> None:
    number = found(engine, "user_gone", "absent")

    left = admin.post(REPAIR, ids=[number, 999], reason=WHY).json()["left"]

    assert [(each["id"], each["clerk_id"]) for each in left] == [(999, None), (number, "user_gone")]
    assert all(each["why"].endswith(".") for each in left)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ids": [1], "all": True},
        {"ids": []},
        {"ids": [0]},
        {"ids": [1], "class": "differs"},
        {"all": True, "kind": "differs"},
        {"all": True, "class": "late"},
    ],
)
def test_an_invalid_selection_is_refused(admin: Person, body: dict[str, Any]) -> None:
    assert admin.post(REPAIR, **body, reason=WHY).status_code == 422


@pytest.mark.parametrize(("kind", "why"), [("server-error", "status 500"), ("rate-limited", "status 429")])
def test_a_failure_of_clerk_is_503_with_the_reason_and_changes_nothing(
    engine: Engine, clerk: ServedClerk, ada: str, admin: Person, kind: str, why: str
) -> None:
    number = found(engine, ada, "missed_creation")
    clerk.fail(kind, None)

    answer = admin.post(REPAIR, ids=[number], reason=WHY)

    assert (answer.status_code, answer.json()["error"], why in answer.json()["message"]) == (503, "unavailable", True)
    assert values(engine, OPEN) == [number]


def test_the_key_of_another_instance_is_a_conflict(engine: Engine, clerk: ServedClerk, ada: str, admin: Person) -> None:
    number = found(engine, ada, "missed_creation")
    clerk.fail("other-instance", None)

    answer = admin.post(REPAIR, ids=[number], reason=WHY)

    assert (answer.status_code, answer.json()["error"]) == (409, "another_instance")
    assert values(engine, NAME, ada) == []


@pytest.mark.parametrize("roles", [(), (Role.MENTOR,)], ids=["LEARNER", "MENTOR"])
def test_only_admins_see_and_repair_differences(engine: Engine, sign_in: SignIn, roles: tuple[Role, ...]) -> None:
    people.add(engine, "user_ben", *roles)
    ben = sign_in("user_ben")

    answers = [ben.get(DRIFT), ben.get(f"{DRIFT}/1"), ben.post(REPAIR, all=True, reason=WHY)]

    assert [answer.status_code for answer in answers] == [403] * 3


@pytest.mark.parametrize("dry_run", [True, False])
def test_an_admin_who_loses_the_role_while_clerk_is_asked_repairs_nothing(
    engine: Engine, ada: str, admin: Person, monkeypatch: pytest.MonkeyPatch, dry_run: bool
) -> None:
    number = found(engine, ada, "missed_creation")
    ask = drift_repair.ask

    def ask_and_lose(*given: Any) -> Any:
        yield from ask(*given)
        change(engine, "update users set banned = true, email = null where clerk_id = 'user_admin'")

    monkeypatch.setattr(drift_repair, "ask", ask_and_lose)
    answer = admin.post(REPAIR, ids=[number], reason=WHY, dry_run=dry_run)

    assert answer.status_code == 403
    assert (values(engine, OPEN), values(engine, NAME, ada)) == ([number], [])


def test_every_operation_on_differences_requires_the_role_admin() -> None:
    required = {each.name: each.requires for each in operations.OPERATIONS if each.path.startswith(DRIFT)}

    assert {name: needed and needed.roles for name, needed in required.items()} == dict.fromkeys(
        ("drift", "drift_summary", "repair", "difference"), frozenset({Role.ADMIN})
    )


def test_open_differences_are_counted_by_class_beside_the_last_walks(
    engine: Engine, ada: str, clerk: ServedClerk, admin: Person
) -> None:
    found(engine, ada, "missed_creation")
    with engine.begin() as connection:
        walks.start(connection, clerk.id, 10, kind="reconcile")

    summary = admin.get(f"{DRIFT}/summary").json()

    counted = {each["name"]: each["open"] for each in summary["classes"]}
    assert set(counted) == set(drift.CLASSES)
    assert (counted["missed_creation"], counted["absent"]) == (1, 0)
    assert [(each["kind"], each["count_before"], each["outcome"]) for each in summary["walks"]] == [
        ("reconcile", 10, None)
    ]
