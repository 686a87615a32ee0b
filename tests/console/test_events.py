"""Pages about events: found, shown redacted, revealed with a reason, replayed by one decision."""

import html
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


def hidden(page: str, after: str = "data-continue") -> dict[str, str]:
    """The hidden fields of the form that continues."""
    form = page[page.index(after) :]
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form)
    return {name: html.unescape(value) for name, value in found}


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
    done = admin.post("/events/replay", {**fields, "do": "replay"})
    shown = [admin.get(done.headers["location"]).text for _ in range(2)]

    assert "1 would be applied" in preview
    assert "user.created" in preview
    assert "replayed@example.com" not in preview
    assert before == 1
    assert (done.status_code, done.headers["location"]) == (303, f"/events/{svix_id}?done=applied")
    assert "The event was replayed." in shown[1]
    assert values(engine, "select count(*) from audit_log where action = 'event.replayed' and cause = %s", svix_id) == [
        1
    ]
    assert values(
        engine, "select role from user_roles join users on users.id = user_id where clerk_id = %s", "user_replayed"
    ) == ["LEARNER"]


def test_one_event_is_discarded_and_a_second_decision_says_why_not(admin: Viewer, engine: Engine, clerk: Clerk) -> None:
    (svix_id,) = keep(engine, clerk, clerk.updated("user_discarded", updated_at=None))
    fields = {"svix_id": svix_id, "reason": WHY, "do": "discard"}

    done = admin.post("/events/replay", fields)
    again = admin.post("/events/replay", {**fields, "do": "replay"})

    assert (done.status_code, done.headers["location"]) == (303, f"/events/{svix_id}?done=discarded")
    assert "The event was discarded." in admin.get(done.headers["location"]).text
    assert (again.status_code, "It was discarded" in again.text, f'value="{WHY}"' in again.text) == (409, True, True)


def test_without_scripts_each_slice_leads_to_a_page_that_does_nothing_when_it_is_loaded_again(
    admin: Viewer, engine: Engine, clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(engine, clerk, *(clerk.updated(f"user_plain_{number}", updated_at=None) for number in range(5)))
    monkeypatch.setattr("console.pages.replay.SLICE", 2)
    lines = "select count(*) from audit_log where action = 'event.discarded' and reason = %s"
    why = "Plain & <slow>"

    answer = admin.post("/events/replay", {"status": "parked", "reason": why, "do": "discard", "total": "5"})
    pages = [admin.get(answer.headers["location"], **{"HX-Request": "true"}).text]
    assert admin.get(answer.headers["location"]).status_code == 200
    counts = values(engine, lines, why)
    while "Continue" in pages[-1]:
        assert 'name="reason" required maxlength="1000" autocomplete="off" value=""' in pages[-1]
        answer = admin.post("/events/replay", hidden(pages[-1], "In progress") | {"reason": why})
        pages.append(admin.get(answer.headers["location"]).text)
        counts += values(engine, lines, why)

    assert "2 discarded, 0 left out of 5" in pages[0]
    assert "5 discarded, 0 left out." in pages[-1]
    assert counts == [2, 4, 5]
    assert not [page for page in pages if "data-continue" in page]


def test_the_reason_is_entered_again_for_the_next_slice_without_scripts(
    admin: Viewer, engine: Engine, clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(engine, clerk, *(clerk.updated(f"user_long_{number}", updated_at=None) for number in range(2)))
    monkeypatch.setattr("console.pages.replay.SLICE", 1)

    fields = {"status": "parked", "reason": WHY, "do": "discard"}
    location = admin.post("/events/replay", fields).headers["location"]

    assert "reason" not in location
    for path in (location, f"{location}&reason=forged"):
        shown = admin.get(path).text
        assert 'id="next-reason" name="reason" required' in shown
        assert 'value="forged"' not in shown


def test_a_refused_slice_keeps_what_was_done_before(
    admin: Viewer, engine: Engine, clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(engine, clerk, *(clerk.updated(f"user_kept_{number}", updated_at=None) for number in range(3)))
    monkeypatch.setattr("console.pages.replay.SLICE", 1)

    fields = {"status": "parked", "reason": WHY, "do": "discard", "total": "3"}
    location = admin.post("/events/replay", fields).headers["location"]
    form = hidden(admin.get(location).text, "In progress")
    refused = admin.post("/events/replay", {**form, "reason": " "})

    assert (refused.status_code, "1 discarded, 0 left out of 3" in refused.text) == (422, True)
    assert hidden(refused.text, "In progress")["cursor"] == form["cursor"]


def test_what_is_counted_is_what_is_decided(admin: Viewer, engine: Engine, clerk: Clerk) -> None:
    keep(engine, clerk, *(clerk.updated(f"user_space_{number}", updated_at=None) for number in range(2)))
    page = admin.get("/events/replay?status=parked&error=version+").text
    assert hidden(page, "Selected")["error"] == "version"
    assert admin.get("/events/replay?status=parked&error=version").text.count("<td") == page.count("<td")


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_a_time_of_a_filter_is_shown_in_the_zone_of_the_page(admin: Viewer, zone: str) -> None:
    for path in ("/events", "/audit", "/events/replay"):
        shown = admin.get(f"{path}?since=2026-09-01T08:00:30&zone=Europe/Berlin", **in_zone(admin, zone)).text
        expected = "2026-09-01T06:00:30" if zone == "UTC" else "2026-09-01T08:00:30"
        assert f'name="since" value="{expected}"' in shown
        assert f'name="zone" value="{zone}"' in shown
        assert "/replay" not in path or f"{expected} {zone}" in shown


def test_a_time_that_would_be_ambiguous_stays_in_its_own_zone(admin: Viewer) -> None:
    shown = admin.get("/events?since=2026-10-25T00:30&zone=UTC", **in_zone(admin, "Europe/Berlin")).text
    assert 'value="2026-10-25T00:30"' in shown
    assert "From (UTC)" in shown


def in_zone(viewer: Viewer, zone: str) -> dict[str, str]:
    """The cookies of a viewer who chose a zone."""
    return {"Cookie": f"{viewer.headers['Cookie']}; akako_zone={zone}"}


def test_events_that_are_left_out_are_linked_after_a_redirect(admin: Viewer, engine: Engine, clerk: Clerk) -> None:
    keep(engine, clerk, clerk.updated("user_left", updated_at=None))
    (svix_id,) = values(engine, "select svix_id from webhook_events where clerk_user_id = 'user_left'")
    fields = {"user": "user_left", "reason": WHY, "do": "replay"}

    location = admin.post("/events/replay", fields).headers["location"]

    assert f'<a class="mono" href="/events/{svix_id}">{svix_id}</a></li>' in admin.get(location).text
    assert "applied, 1 left out" in admin.get(location).text


def test_a_link_cannot_start_work(admin: Viewer) -> None:
    for path in ("/events/replay?status=parked&", "/held?", "/drift?"):
        page = admin.get(f"{path}did=replay&done=1&rest=x&reason=forged", **{"HX-Request": "true"})
        assert 'value="forged"' not in page.text
        assert (page.status_code, "data-continue" in page.text, "In progress" in page.text) == (200, False, True)
        assert 'type="hidden" name="reason"' not in page.text
        assert "Continue: replay</button>" in page.text


def test_all_that_is_parked_is_decided_slice_by_slice_with_one_reason(
    admin: Viewer, engine: Engine, clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(engine, clerk, *(clerk.updated(f"user_parked_{number}", updated_at=None) for number in range(5)))
    monkeypatch.setattr("console.pages.replay.SLICE", 2)

    parked = admin.get("/parked").text
    page = admin.get("/events/replay?status=parked").text
    first = admin.send("/events/replay", {"status": "parked", "reason": WHY, "do": "discard", "total": "5"}).text
    answers = [first]
    while "data-continue" in answers[-1]:
        answers.append(admin.send("/events/replay", hidden(answers[-1])).text)

    assert "Decide about all 5" in parked
    assert '<b id="total">5</b>' in page
    assert "2 discarded, 0 left out of 5" in first
    assert "5 discarded, 0 left out." in answers[-1]
    assert len(answers) == 3
    assert "parked" not in statuses(engine)
    reasons = """select distinct a.reason from audit_log a join webhook_events on svix_id = cause
        where a.action = 'event.discarded' and a.actor = 'user_admin' and webhook_events.clerk_user_id like %s"""
    assert values(engine, reasons, "user_parked_%") == [WHY]


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
