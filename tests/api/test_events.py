import pytest
from pydantic import SecretStr
from sqlalchemy import Engine
from starlette.testclient import TestClient

from api import cursor
from api.application import build
from config.settings import ApiSettings
from tests import ledger, people
from tests.api.asking import Person, SignIn
from tests.clerk_sender import Clerk
from tests.ledger import keep, rows, statuses, values

EVENTS = "/api/admin/events"
WHY = "We read it now."
SETTLED: dict[str, object] = {"left": [], "next": None}


def test_pages_contain_every_event_once_while_others_arrive(engine: Engine, clerk: Clerk, admin: Person) -> None:
    kept = [keep(engine, clerk, clerk.created(f"user_{number}", email=None))[0] for number in range(5)]
    first = admin.get(EVENTS, limit=3).json()
    keep(engine, clerk, clerk.created("user_late", email=None))

    second = admin.get(EVENTS, limit=3, cursor=first["next"]).json()

    assert [each["svix_id"] for each in first["items"] + second["items"]] == kept[::-1]
    assert second["next"] is None


def test_events_are_found_by_status_type_user_and_error(engine: Engine, clerk: Clerk, admin: Person) -> None:
    good, bad = keep(engine, clerk, clerk.created(), clerk.updated(updated_at=None))

    def found(**query: object) -> list[str]:
        return [each["svix_id"] for each in admin.get(EVENTS, **query).json()["items"]]

    assert found(status="parked", error="no version") == [bad]
    assert found(user="user_ada", type="user.created") == [good]
    assert found(until="2026-01-01T00:00:00Z") == []


STALE = cursor.write("events", "msg_of_before_the_restore")


@pytest.mark.parametrize(
    "query", [{"status": "lost"}, {"cursor": "msg_1"}, {"cursor": "YXVkaXQ6MQ"}, {"cursor": STALE}, {"limit": 0}]
)
def test_an_invalid_query_of_events_is_refused(admin: Person, query: dict[str, object]) -> None:
    answer = admin.get(EVENTS, **query)

    assert (answer.status_code, answer.json()["error"]) == (422, "invalid")


def test_a_delivery_is_shown_verified_and_without_personal_data(
    engine: Engine, clerk: Clerk, settings: ApiSettings, sign_in: SignIn, admin: Person
) -> None:
    sent = clerk.created()
    ledger.apply(engine, clerk, sent)
    knowing = settings.model_copy(update={"clerk_webhook_signing_secret": SecretStr(clerk.secrets[0])})

    with TestClient(build(knowing)) as client:
        answer = client.get(f"{EVENTS}/{sent.svix_id}", headers=admin.headers)

    shown = answer.json()
    assert shown["verified_now_by"] == shown["verified_by"]
    assert [line["action"] for line in shown["audit"]] == ["user.created", "role.assigned"]
    assert [word for word in ("ada@example.com", "Lovelace", "never to be seen") if word in answer.text] == []


def test_revealing_a_delivery_is_recorded_with_actor_and_reason(engine: Engine, clerk: Clerk, admin: Person) -> None:
    (svix_id,) = keep(engine, clerk, clerk.created())

    answers = [admin.post(f"{EVENTS}/{svix_id}/reveal", **said) for said in ({}, {"reason": WHY})]

    assert [answer.status_code for answer in answers] == [422, 200]
    assert "ada@example.com" in answers[1].json()["body"]
    line = "select actor, actor_email, reason, cause from audit_log where action = 'event.revealed'"
    assert rows(engine, line) == [("user_admin", "admin@example.com", WHY, svix_id)]


@pytest.mark.parametrize("name", ["msg_none", "%00", "a%00b", "%FF", "x" * 300])
def test_an_unknown_event_is_not_found(admin: Person, name: str) -> None:
    answers = [admin.get(f"{EVENTS}/{name}"), admin.post(f"{EVENTS}/{name}/reveal", reason=WHY)]

    assert [(answer.status_code, answer.json()["error"]) for answer in answers] == [(404, "event_unknown")] * 2


def test_a_get_request_reveals_nothing(engine: Engine, clerk: Clerk, admin: Person) -> None:
    (svix_id,) = keep(engine, clerk, clerk.created())

    answer = admin.get(f"{EVENTS}/{svix_id}", reveal="true", reason=WHY)

    assert (answer.status_code, "reveal" in answer.json()["message"]) == (422, True)
    assert rows(engine, "select 1 from audit_log where action = 'event.revealed'") == []


def test_events_are_counted(engine: Engine, clerk: Clerk, admin: Person) -> None:
    keep(engine, clerk, clerk.created(), clerk.updated(updated_at=None))

    stats = admin.get(f"{EVENTS}/stats").json()

    counted = {each["name"]: each["events"] for each in stats["statuses"]}
    assert (counted["received"], counted["parked"], counted["applied"]) == (1, 1, 0)
    assert stats["due"] == {"name": "due", "events": 0, "exact": True}
    assert {each["name"]: each["events"] for each in stats["types_of_last_day"]} == {
        "user.created": 1,
        "user.updated": 1,
    }


def test_parked_events_are_counted_and_found_by_the_kind_of_their_reason(
    engine: Engine, clerk: Clerk, admin: Person
) -> None:
    late, later = (clerk.created(updated_at=9_999_999_999_000 + each) for each in (1, 2))
    ledger.apply(engine, clerk, late, later)
    keep(engine, clerk, clerk.updated(updated_at=None))

    kinds = admin.get(f"{EVENTS}/stats").json()["why_parked"]

    assert [each["events"] for each in kinds] == [2, 1]
    found = admin.get(EVENTS, error_kind=kinds[0]["name"], status="parked").json()["items"]
    assert sorted((each["svix_id"] for each in found), reverse=True) == sorted(
        [later.svix_id, late.svix_id], reverse=True
    )
    assert len({each["last_error"] for each in found}) == 2


def test_a_replay_is_previewed_and_then_made_in_the_name_of_the_admin(
    engine: Engine, clerk: Clerk, admin: Person
) -> None:
    ids = keep(engine, clerk, clerk.created())

    shown = admin.post(f"{EVENTS}/replay", svix_ids=ids, preview=True, reason=WHY).json()
    before = statuses(engine)
    done = admin.post(f"{EVENTS}/replay", svix_ids=ids, reason=WHY).json()

    assert before == {"received": 1}
    assert [line["action"] for line in shown["difference"]["audit"]] == [
        "user.created",
        "role.assigned",
        "event.replayed",
    ]
    assert shown["difference"]["users"][0]["after"]["first_name"] == "(hidden)"
    assert done == {"applied": 1, "ignored": 0, "difference": None, **SETTLED}
    assert values(engine, "select distinct actor from audit_log where cause = %s", *ids) == ["user_admin"]


def test_revealing_personal_data_in_a_preview_is_recorded(engine: Engine, clerk: Clerk, admin: Person) -> None:
    ids = keep(engine, clerk, clerk.created())

    shown = admin.post(f"{EVENTS}/replay", svix_ids=ids, preview=True, reveal=True, reason=WHY).json()

    assert shown["difference"]["users"][0]["after"]["first_name"] == "Ada"
    assert values(engine, "select action from audit_log where cause = %s", *ids) == ["event.revealed"]


def test_a_long_selection_is_replayed_request_by_request(engine: Engine, clerk: Clerk, admin: Person) -> None:
    keep(engine, clerk, *(clerk.created(f"user_{number}", email=None) for number in range(5)))

    first = admin.post(f"{EVENTS}/replay", type="user.created", limit=3, reason=WHY).json()
    second = admin.post(f"{EVENTS}/replay", type="user.created", limit=3, reason=WHY, cursor=first["next"]).json()

    assert (first["applied"], second["applied"], second["next"]) == (3, 2, None)
    assert statuses(engine) == {"applied": 5}


def test_events_that_cannot_be_replayed_are_listed_with_the_reason(engine: Engine, clerk: Clerk, admin: Person) -> None:
    (bad,) = keep(engine, clerk, clerk.updated(updated_at=None))

    done = admin.post(f"{EVENTS}/replay", svix_ids=[bad, "msg_none"], reason=WHY).json()

    assert (done["applied"], {each["svix_id"] for each in done["left"]}) == (0, {bad, "msg_none"})


def test_an_event_with_a_body_that_is_not_utf_8_is_shown_replayed_and_discarded_like_others(
    engine: Engine, clerk: Clerk, admin: Person
) -> None:
    sent = clerk.send(b'{"type": "user.created", "data": {"id": "user_ada", "first_name": "\xe5"}}')
    keep(engine, clerk, sent)

    assert admin.get(f"{EVENTS}/{sent.svix_id}").json()["content"] == "(hidden)"
    assert [each["svix_id"] for each in admin.get(EVENTS, error="UTF-8").json()["items"]] == [sent.svix_id]
    shown = admin.post(f"{EVENTS}/replay", svix_ids=[sent.svix_id], preview=True, reason=WHY)
    done = admin.post(f"{EVENTS}/replay", svix_ids=[sent.svix_id], reason=WHY)
    assert (shown.status_code, done.status_code) == (200, 200)
    assert statuses(engine) == {"parked": 1}
    assert admin.post(f"{EVENTS}/discard", svix_ids=[sent.svix_id], reason=WHY).json()["left"] == []


def test_discarded_events_are_replayed_only_if_the_status_is_given(engine: Engine, clerk: Clerk, admin: Person) -> None:
    ids = keep(engine, clerk, clerk.created())

    discarded = admin.post(f"{EVENTS}/discard", svix_ids=ids, reason="Sent by our load test.").json()
    careless = admin.post(f"{EVENTS}/replay", svix_ids=ids, reason=WHY).json()
    on_purpose = admin.post(f"{EVENTS}/replay", svix_ids=ids, status="discarded", reason=WHY).json()

    assert discarded == {"discarded": 1, **SETTLED}
    assert (careless["applied"], "It was discarded" in careless["left"][0]["why"]) == (0, True)
    assert on_purpose["applied"] == 1


@pytest.mark.parametrize("path", ["replay", "discard"])
@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"status": "parked"}, "reason"),
        ({"reason": WHY}, "select events"),
        ({"reason": WHY, "svix_ids": []}, "svix_ids"),
        ({"reason": WHY, "svix_ids": ["msg 1"]}, "svix_ids"),
        ({"reason": WHY, "svix_ids": ["msg\x001"]}, "svix_ids"),
        ({"reason": WHY, "status": "parked", "cursor": STALE}, "cursor: The cursor refers"),
        ({"reason": WHY, "svix_ids": ["msg_1"], "actor": "user_eve"}, "actor"),
    ],
)
def test_an_invalid_request_to_replay_or_discard_is_refused(
    admin: Person, path: str, body: dict[str, object], complaint: str
) -> None:
    answer = admin.post(f"{EVENTS}/{path}", **body)

    assert (answer.status_code, complaint in answer.json()["message"]) == (422, True)


def test_only_one_event_can_be_forced(admin: Person) -> None:
    answer = admin.post(f"{EVENTS}/replay", status="parked", force=True, reason=WHY)

    assert (answer.status_code, "one svix id" in answer.json()["message"]) == (422, True)


def test_events_are_for_admins_only(engine: Engine, clerk: Clerk, sign_in: SignIn) -> None:
    people.add(engine, "user_ada")
    ada = sign_in("user_ada")
    (svix_id,) = keep(engine, clerk, clerk.created())

    answers = [ada.get(EVENTS), ada.get(f"{EVENTS}/stats"), ada.get(f"{EVENTS}/{svix_id}")]
    changes = [ada.post(f"{EVENTS}/{verb}", svix_ids=[svix_id], reason=WHY) for verb in ("replay", "discard")]
    changes += [ada.post(f"{EVENTS}/{svix_id}/reveal", reason=WHY)]

    assert {answer.status_code for answer in answers + changes} == {403}
    assert statuses(engine) == {"received": 1}


def test_all_that_matches_is_counted_by_kind_of_reason(engine: Engine, clerk: Clerk, admin: Person) -> None:
    ledger.apply(engine, clerk, clerk.created(), clerk.created("user_bob", email=None, updated_at=9_999_999_999_000))
    keep(engine, clerk, *(clerk.updated(f"user_{number}", updated_at=None) for number in range(2)))

    parked = admin.get(f"{EVENTS}/matching", status="parked").json()
    every = admin.get(f"{EVENTS}/matching").json()

    assert (parked["total"]["events"], [each["events"] for each in parked["reasons"]]) == (3, [2, 1])
    assert (every["total"]["events"], every["total"]["exact"]) == (4, True)
    assert {each["name"]: each["events"] for each in every["reasons"]}[""] == 1
