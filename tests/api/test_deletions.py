"""Admins list, release and reject held deletions."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from akako_guard.role import Role
from clerk.user import Deletion
from config.settings import ApiSettings
from db import audit, clerk_instance
from sync.apply import apply_absences
from sync.deletion_limits import Limit
from tests import people
from tests.api.asking import Person, SignIn
from tests.clerk_signs_in import PARTY, Instance
from tests.ledger import rows, values
from tests.served_clerk import ServedClerk, served_clerk
from tests.servers import Database

DELETIONS = "/api/admin/deletions"
WHY = "The old school year."
OUTCOMES = "select clerk_id, outcome, ended_by from deletion_holds order by id"


@pytest.fixture
def clerk() -> Iterator[ServedClerk]:
    """The Clerk instance that is asked; it has no users."""
    with served_clerk() as running:
        yield running


@pytest.fixture
def settings(database: Database, instance: Instance, clerk: ServedClerk, engine: Engine) -> ApiSettings:
    """Settings of an installation that is pinned to the instance."""
    with engine.begin() as connection:
        audit.set_actor(connection, "operator:grace")
        clerk_instance.pin(connection, clerk.id, "development")
    return ApiSettings(
        database_url=SecretStr(database.app_url),
        redis_url=SecretStr("redis://127.0.0.1:1/0"),
        clerk_issuer=instance.issuer,
        clerk_jwt_key=instance.pem,
        clerk_authorized_parties=PARTY,
        clerk_secret_key=SecretStr(clerk.key),
        clerk_api_url=clerk.url,
        clerk_requests_per_second=100,
    )


def hold(engine: Engine, *clerk_ids: str) -> None:
    for clerk_id in clerk_ids:
        people.add(engine, clerk_id)
    absent = [Deletion(clerk_id=each, at=datetime.now(UTC)) for each in clerk_ids]
    apply_absences(engine, absent, "walk_7", Limit(0, 0))


def test_held_deletions_are_listed_in_pages(engine: Engine, admin: Person) -> None:
    hold(engine, "user_ada", "user_bob")
    first = admin.get(DELETIONS, limit=1).json()
    second = admin.get(DELETIONS, limit=1, cursor=first["next"]).json()
    assert [each["clerk_id"] for each in first["items"] + second["items"]] == ["user_ada", "user_bob"]
    assert (first["items"][0]["kind"], first["items"][0]["exists_at_clerk"], second["next"]) == ("inferred", None, None)


def test_all_are_released_in_parts_that_clerk_confirms(engine: Engine, admin: Person) -> None:
    hold(engine, "user_ada", "user_bob")
    first = admin.post(f"{DELETIONS}/release", all=True, limit=1, reason=WHY).json()
    second = admin.post(f"{DELETIONS}/release", all=True, limit=1, reason=WHY, cursor=first["next"]).json()
    assert (first["done"], second) == (["user_ada"], {"done": ["user_bob"], "left": [], "next": None})
    assert rows(engine, OUTCOMES) == [
        ("user_ada", "released", "user_admin"), ("user_bob", "released", "user_admin"),
    ]  # fmt: skip


def test_a_user_that_clerk_has_is_left_with_the_reason(engine: Engine, admin: Person, clerk: ServedClerk) -> None:
    [living] = clerk.create()
    hold(engine, living)
    answer = admin.post(f"{DELETIONS}/release", clerk_ids=[living], reason=WHY).json()
    assert (answer["done"], [each["clerk_id"] for each in answer["left"]]) == ([], [living])
    assert admin.get(DELETIONS).json()["items"][0]["exists_at_clerk"] is True


def test_rejected_users_keep_their_access(engine: Engine, admin: Person) -> None:
    hold(engine, "user_ada")
    dry = admin.post(f"{DELETIONS}/reject", all=True, reason=WHY, dry_run=True).json()
    answer = admin.post(f"{DELETIONS}/reject", clerk_ids=["user_ada", "user_none"], reason=WHY).json()
    assert (dry["done"], answer["done"]) == (["user_ada"], ["user_ada"])
    assert [each["clerk_id"] for each in answer["left"]] == ["user_none"]
    assert rows(engine, OUTCOMES) == [("user_ada", "rejected", "user_admin")]


def test_the_key_of_another_instance_releases_nothing(engine: Engine, admin: Person, clerk: ServedClerk) -> None:
    hold(engine, "user_ada")
    clerk.fail("other-instance", None)
    answer = admin.post(f"{DELETIONS}/release", all=True, reason=WHY)
    assert (answer.status_code, answer.json()["error"]) == (409, "another_instance")
    assert values(engine, "select outcome from deletion_holds") == [None]


def test_while_clerk_is_unavailable_nothing_is_released(engine: Engine, admin: Person, clerk: ServedClerk) -> None:
    clerk.fail("server-error", None, status=401)
    hold(engine, "user_ada")
    answer = admin.post(f"{DELETIONS}/release", all=True, reason=WHY)
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    assert values(engine, "select outcome from deletion_holds") == [None]


@pytest.mark.parametrize("word", ["release", "reject"])
def test_only_an_admin_decides_and_permission_is_checked_again_in_the_change(
    engine: Engine, sign_in: SignIn, admin: Person, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(engine, "user_ada")
    mentor = people.add(engine, "user_mentor", Role.MENTOR).clerk_id
    assert sign_in(mentor).post(f"{DELETIONS}/{word}", all=True, reason=WHY).status_code == 403
    assert sign_in(mentor).get(DELETIONS).status_code == 403

    from api import deletions

    select = deletions._select

    def banned_meanwhile(*given: Any) -> Any:
        people.add(engine, "user_admin", version=datetime(2025, 2, 1, tzinfo=UTC), banned=True)
        return select(*given)

    monkeypatch.setattr(deletions, "_select", banned_meanwhile)
    assert admin.post(f"{DELETIONS}/{word}", all=True, reason=WHY).status_code == 403
    assert values(engine, "select outcome from deletion_holds") == [None]


@pytest.mark.parametrize(
    "body",
    [{}, {"all": True, "clerk_ids": ["user_ada"]}, {"clerk_ids": []}, {"clerk_ids": ["user ada"]},
     {"all": True, "limit": 51}, {"all": True, "cursor": "1"}],
)  # fmt: skip
def test_an_invalid_decision_is_refused(admin: Person, body: dict[str, Any]) -> None:
    answer = admin.post(f"{DELETIONS}/release", **body, reason=WHY)
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid")


def test_a_request_does_not_wait_until_clerk_takes_requests_again(
    engine: Engine, admin: Person, clerk: ServedClerk
) -> None:
    clerk.fail("rate-limited", None, seconds=3)
    hold(engine, "user_ada")
    begun = time.monotonic()
    assert admin.post(f"{DELETIONS}/release", all=True, reason=WHY).status_code == 503
    assert time.monotonic() - begun < 2


def test_held_deletions_are_counted_by_reason(engine: Engine, admin: Person) -> None:
    hold(engine, "user_ada", "user_bob")
    assert admin.get(f"{DELETIONS}/summary").json() == {
        "total": 2,
        "reasons": [{"kind": "inferred", "exists_at_clerk": None, "deletions": 2}],
    }
