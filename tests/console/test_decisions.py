"""Held deletions and differences from Clerk in the console: previewed, decided slice by slice, repaired."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from clerk.user import Deletion
from config.settings import ConsoleSettings
from db import audit, clerk_instance, drift, walks
from db.drift import Finding
from sync.apply import apply_absences
from sync.deletion_limits import Limit
from tests import people
from tests.clerk_signs_in import Instance
from tests.console.test_events import hidden
from tests.console.viewing import CONSOLE, Viewer
from tests.ledger import rows, values
from tests.served_clerk import ServedClerk, served_clerk
from tests.servers import Database

WHY = "The old school year."


@pytest.fixture(scope="module")
def clerk() -> Iterator[ServedClerk]:
    """The Clerk instance that is asked; it has no users until a test creates one."""
    with served_clerk() as running:
        yield running


@pytest.fixture(scope="module")
def settings(database: Database, instance: Instance, clerk: ServedClerk, engine: Engine) -> ConsoleSettings:
    with engine.begin() as connection:
        audit.set_actor(connection, "operator:grace")
        clerk_instance.pin(connection, clerk.id, "development")
    return ConsoleSettings(
        database_url=SecretStr(database.app_url),
        redis_url=SecretStr("redis://127.0.0.1:1/0"),
        clerk_issuer=instance.issuer,
        clerk_jwt_key=instance.pem,
        clerk_secret_key=SecretStr(clerk.key),
        clerk_api_url=clerk.url,
        clerk_requests_per_second=100,
        console_url=CONSOLE,
        api_connections=8,
    )


def test_held_deletions_are_previewed_and_rejected_slice_by_slice(
    engine: Engine, admin: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"user_held_{number}" for number in range(3)]
    for name in names:
        people.add(engine, name)
    apply_absences(engine, [Deletion(clerk_id=name, at=datetime.now(UTC)) for name in names], "walk_7", Limit(0, 0))
    monkeypatch.setattr("console.pages.held.SLICE", 2)

    page = admin.get("/held").text
    preview = admin.post("/held", {"reason": WHY, "do": "preview release", "all": "true"}).text
    refused = admin.post("/held", {"reason": "", "do": "reject", "all": "true"})
    nothing = admin.post("/held", {"reason": WHY, "do": "release"})
    unknown = admin.post("/held", {"reason": WHY, "do": "", "clerk_id": names[2]}).text
    elsewhere = admin.post("/held?cursor=", {"reason": WHY, "do": "preview reject", "clerk_id": "user_elsewhere"}).text
    one = admin.get(admin.post("/held", {"reason": WHY, "do": "reject", "clerk_id": names[2]}).headers["location"]).text
    first = admin.send("/held", {"reason": WHY, "do": "reject", "total": "2", "all": "true"}).text
    answers = [first]
    while "data-continue" in answers[-1]:
        answers.append(admin.send("/held", hidden(answers[-1])).text)

    assert all(f'href="/users/{name}"' in page for name in names)
    assert "3 would be released" in preview
    assert "deleted, all roles ended" in preview
    assert refused.status_code == 422
    assert (nothing.status_code, "Select deletions, or all of them" in nothing.text) == (422, True)
    assert "1 would be rejected" in unknown or "1 would be released" in unknown
    assert '<input type="hidden" name="clerk_id" value="user_elsewhere">' in elsewhere
    assert "1 rejected, 0 left out." in one
    assert "2 rejected, 0 left out." in answers[-1]
    assert rows(engine, "select distinct outcome, ended_by, reason from deletion_holds") == [
        ("rejected", "user_admin", WHY)
    ]
    assert "No deletion is held." in admin.get("/held").text


def test_a_difference_is_explained_previewed_and_repaired(engine: Engine, admin: Viewer, clerk: ServedClerk) -> None:
    user, other = (clerk.create(first_name="Ada")[0] for _ in range(2))
    with engine.begin() as connection:
        made = drift.record(
            connection, [Finding(clerk_id=each, kind="missed_creation") for each in (user, other)], None, 60
        )
        walks.start(connection, clerk.id, 10, kind="reconcile")
    path = f"/drift/{made[user]}"

    page, shown = admin.get("/drift?class=missed_creation").text, admin.get(path).text
    preview = admin.post(path, {"reason": WHY, "do": "preview"}).text
    before = values(engine, "select clerk_id from users where clerk_id = %s", user)
    done = admin.post(path, {"reason": WHY, "do": "repair"})
    over = admin.post(path, {"reason": WHY, "do": "repair"})
    all_fields = {"class": "missed_creation", "reason": WHY, "do": "repair", "total": "1"}
    rest = admin.get(admin.post("/drift", all_fields).headers["location"]).text

    assert f'href="{path}"' in page
    assert "0 of 10 users" in page
    assert "no webhook about the user was applied" in shown
    assert "<ins>(hidden)</ins>" in preview
    assert before == []
    assert (done.status_code, done.headers["location"]) == (303, f"{path}?done=repaired")
    assert "The user is as Clerk says now." in admin.get(done.headers["location"]).text
    assert over.status_code == 409
    assert "1 repaired or over, 0 left out." in rest
    assert rows(engine, "select count(*), min(outcome) from drift where ended_at is not null") == [(2, "repaired")]
    assert admin.get("/find?q=" + str(made[user])).headers["location"] == path


@pytest.mark.parametrize(
    ("query", "is_offered"),
    [
        ("", True),
        ("?class=missed_update", True),
        ("?user=user_filtered", False),
        ("?user=user_filtered&class=missed_update", False),
        ("?ended=true", False),
    ],
)
def test_the_repair_of_all_is_offered_only_where_the_list_shows_all(
    engine: Engine, admin: Viewer, query: str, is_offered: bool
) -> None:
    with engine.begin() as connection:
        drift.record(connection, [Finding(clerk_id="user_filtered", kind="missed_update")], None, 60)

    page = admin.get(f"/drift{query}").text

    assert "user_filtered" in page
    assert ("Repair all open ones" in page) is is_offered
