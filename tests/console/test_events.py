"""Pages about events: found, shown redacted, revealed with a reason, replayed by one decision."""

import re

import pytest
from sqlalchemy import Engine

from db import audit
from tests import ledger
from tests.clerk_sender import Clerk
from tests.console.viewing import Viewer
from tests.ledger import keep, statuses, values

WHY = "Read in the tests."


@pytest.fixture(scope="module")
def clerk() -> Clerk:
    return Clerk()


@pytest.fixture(autouse=True)
def _without_events(engine: Engine) -> None:
    """Each test begins without open events: those of others are discarded."""
    with engine.begin() as connection:
        audit.set_actor(connection, "operator:test", reason="Of another test.")
        connection.exec_driver_sql(
            "update webhook_events set status = 'discarded' where status in ('parked', 'received')"
        )


def hidden(text: str) -> dict[str, str]:
    """The hidden fields of the form that continues."""
    form = text[text.index("data-continue") :]
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form))


def test_events_are_found_by_their_filters(admin: Viewer, engine: Engine, clerk: Clerk) -> None:
    (good,) = keep(engine, clerk, clerk.created("user_found"))
    (bad,) = keep(engine, clerk, clerk.updated("user_found", updated_at=None))

    assert good in admin.get("/events?user=user_found&status=received&error=").text
    parked = admin.get("/events?status=parked&error=no+version").text
    assert bad in parked
    assert good not in parked
    assert "No event matches." in admin.get("/events?until=2020-01-01T00:00&zone=UTC").text
    assert "does not exist" in admin.get("/events?since=2026-03-29T02:30&zone=Europe/Berlin").text


def test_an_event_is_shown_redacted_and_revealed_with_a_reason(admin: Viewer, engine: Engine, clerk: Clerk) -> None:
    sent = clerk.created("user_shown", email="shown@example.com", first_name="<b>Ada")
    ledger.apply(engine, clerk, sent)

    shown = admin.get(f"/events/{sent.svix_id}").text
    refused = admin.post(f"/events/{sent.svix_id}", {"reason": ""})
    revealed = admin.post(f"/events/{sent.svix_id}", {"reason": WHY}).text

    assert "(hidden)" in shown
    assert "user.created" in shown
    assert "shown@example.com" not in shown
    assert (refused.status_code, 'role="alert"' in refused.text) == (422, True)
    assert "shown@example.com" in revealed
    assert "<b>Ada" not in revealed
    assert values(engine, "select reason from audit_log where action = 'event.revealed'") == [WHY]


def test_a_replay_makes_the_changes_of_its_preview(admin: Viewer, engine: Engine, clerk: Clerk) -> None:
    (svix_id,) = keep(engine, clerk, clerk.created("user_replayed", email="replayed@example.com"))
    fields = {"svix_id": svix_id, "reason": WHY}

    preview = admin.post("/events/replay", {**fields, "do": "preview"}).text
    before = statuses(engine).get("received")
    done = admin.post("/events/replay", {**fields, "do": "replay"}).text

    assert "1 would be applied" in preview
    assert "user.created" in preview
    assert "replayed@example.com" not in preview
    assert before == 1
    assert "1 applied, 0 left out" in done
    assert values(
        engine, "select role from user_roles join users on users.id = user_id where clerk_id = %s", "user_replayed"
    ) == ["LEARNER"]


def test_all_that_is_parked_is_decided_slice_by_slice_with_one_reason(
    admin: Viewer, engine: Engine, clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(engine, clerk, *(clerk.updated(f"user_parked_{number}", updated_at=None) for number in range(5)))
    monkeypatch.setattr("console.pages.replay.SLICE", 2)

    parked = admin.get("/parked").text
    page = admin.get("/events/replay?status=parked").text
    first = admin.post("/events/replay", {"status": "parked", "reason": WHY, "do": "discard", "total": "5"}).text
    answers = [first]
    while "data-continue" in answers[-1]:
        answers.append(admin.post("/events/replay", hidden(answers[-1])).text)

    assert "Decide about all 5" in parked
    assert '<b id="total">5</b>' in page
    assert "2 discarded, 0 left out of 5" in first
    assert "5 discarded, 0 left out." in answers[-1]
    assert len(answers) == 3
    assert "parked" not in statuses(engine)
    assert set(
        values(engine, "select reason from audit_log where action = 'event.discarded' and actor = 'user_admin'")
    ) == {WHY}


def test_a_decision_without_a_reason_or_a_selection_changes_nothing(
    admin: Viewer, engine: Engine, clerk: Clerk
) -> None:
    keep(engine, clerk, clerk.updated("user_kept", updated_at=None))

    without_reason = admin.post("/events/replay", {"status": "parked", "do": "discard"})
    without_selection = admin.post("/events/replay", {"reason": WHY, "do": "discard"})

    assert (without_reason.status_code, without_selection.status_code) == (422, 422)
    assert "select events" in without_selection.text
    assert statuses(engine)["parked"] == 1


@pytest.mark.parametrize("fields", [{"done": "x"}, {"cursor": "x"}, {"since": "yesterday", "zone": "UTC"}])
def test_a_form_that_was_tampered_with_is_refused(admin: Viewer, fields: dict[str, str]) -> None:
    response = admin.post("/events/replay", {"status": "parked", "reason": "", "do": "replay", **fields})
    assert response.status_code == 422
