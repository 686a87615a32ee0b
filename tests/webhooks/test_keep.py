"""What is answered 2xx is in the table, whatever it says, and once."""

from collections import Counter
from hashlib import sha256
from typing import Any

import psycopg
from sqlalchemy import Engine

from tests.clerk_says import Clerk, deletion, event
from tests.dev.groups import until
from tests.ledger import rows, values
from tests.servers import Database
from tests.webhooks.conftest import Opens
from tests.webhooks.door import Door

KEPT = "select svix_id from webhook_events"
FATES = "select type, status, last_error is not null from webhook_events order by svix_id"


def test_invariant_1_what_is_answered_with_a_2xx_is_on_disk(door: Door, clerk: Clerk, engine: Engine) -> None:
    answers = {sent.svix_id: door.deliver(sent) for sent in (clerk.created(), clerk.updated(at=1), clerk.deleted(at=2))}
    assert {svix_id: (answer.status_code, answer.json()) for svix_id, answer in answers.items()} == {
        svix_id: (202, {"status": "accepted"}) for svix_id in values(engine, KEPT)
    }


def test_the_bytes_are_kept_as_they_came(door: Door, clerk: Clerk, engine: Engine) -> None:
    body = event("user.created", {"id": "user_ada", "updated_at": 1, "first_name": "\ud800\x00"})
    sent = clerk.send(body + b" \n")
    door.deliver(sent)
    (kept,) = rows(engine, "select body, svix_timestamp, svix_signature from webhook_events")
    assert (kept[0], str(kept[1]), kept[2]) == (
        sent.body,
        sent.headers["svix-timestamp"],
        sent.headers["svix-signature"],
    )


def test_one_id_a_hundred_times_at_once_is_one_row_and_one_accepted(door: Door, clerk: Clerk, engine: Engine) -> None:
    sent = clerk.created()
    answers = door.deliver_at_once(*[sent] * 100)
    assert Counter(answer.json()["status"] for answer in answers) == {"accepted": 1, "duplicate": 99}
    assert values(engine, KEPT) == [sent.svix_id]


def test_an_event_delivered_anew_with_another_signature_is_a_duplicate(door: Door, clerk: Clerk) -> None:
    sent = clerk.created()
    door.deliver(sent)
    assert door.deliver(clerk.again(sent, seconds_ago=30)).json() == {"status": "duplicate"}


def test_invariant_6_nothing_verified_is_thrown_away(door: Door, clerk: Clerk, engine: Engine) -> None:
    bodies = {
        "a": b"no JSON at all",
        "b": event("user.created", {"no": "id"}),
        "c": event("user.deleted", {"deleted": True}),
        "d": event("session.created", {"id": "sess_1"}),
        "e": b'{"type": ' + b"[" * 20_000,
        "f": deletion(),
        "g": b'{"type": "user.updated", "data": {"id": "user_ada", "first_name": "\xe5"}}',
        "h": b"",
    }
    answers = [door.deliver(clerk.send(body, svix_id=f"msg_{name}")) for name, body in bodies.items()]
    assert [answer.status_code for answer in answers] == [202] * 8
    assert [tuple(row) for row in rows(engine, FATES)] == [
        (None, "parked", True),
        ("user.created", "parked", True),
        ("user.deleted", "parked", True),
        ("session.created", "ignored", True),
        (None, "parked", True),
        ("user.deleted", "received", False),
        (None, "parked", True),
        (None, "parked", True),
    ]
    assert values(engine, "select body from webhook_events where svix_id = 'msg_g'") == [bodies["g"]]


def test_another_signed_body_of_an_id_that_was_stored_is_a_duplicate_and_is_noted(
    door: Door, clerk: Clerk, engine: Engine
) -> None:
    first = clerk.created("user_ada")
    other = clerk.send(event("user.deleted", {"id": "user_ada", "deleted": True}), svix_id=first.svix_id)
    assert [door.deliver(each).json()["status"] for each in (first, first, other)] == ["accepted", *["duplicate"] * 2]
    assert values(engine, "select body from webhook_events") == [first.body]
    until(lambda: differing(door))
    (line,) = differing(door)
    assert line["svix_id"] == first.svix_id
    assert line["stored_sha256"] == sha256(first.body).hexdigest()
    assert line["received_sha256"] == sha256(other.body).hexdigest()


def test_two_signed_bodies_of_one_id_that_come_at_once_are_noted(opens: Opens, clerk: Clerk, engine: Engine) -> None:
    bodies = [event("user.created", {"id": f"user_{number}", "updated_at": 1}) for number in range(8)]
    with opens() as door:
        answers = door.deliver_at_once(*[clerk.send(body, svix_id="msg_1") for body in bodies])
        assert Counter(answer.json()["status"] for answer in answers) == {"accepted": 1, "duplicate": 7}
        until(lambda: len(differing(door)) == 7)


def test_another_body_is_noted_after_the_stored_one_was_removed_for_its_age(
    door: Door, clerk: Clerk, database: Database
) -> None:
    first = clerk.send(event("session.created", {"id": "sess_1"}))
    door.deliver(first)
    with psycopg.connect(database.owner_url) as owner:
        owner.execute("update webhook_events set received_at = received_at - interval '91 days'")
        owner.execute("update webhook_events set body = null")
    door.deliver(first)
    door.deliver(clerk.send(b"{}", svix_id=first.svix_id))
    until(lambda: differing(door))
    assert len(differing(door)) == 1


def differing(door: Door) -> list[dict[str, Any]]:
    """What was logged of repeated deliveries with another body."""
    return [line for line in door.lines() if line["event"] == "delivery.body_differs"]


def test_one_row_that_the_database_refuses_never_fails_its_neighbours(
    opens: Opens, clerk: Clerk, engine: Engine, database: Database
) -> None:
    with psycopg.connect(database.owner_url) as owner:
        owner.execute("alter table webhook_events add constraint no_bad check (clerk_user_id <> 'user_bad')")
    bad, good = clerk.created("user_bad"), [clerk.created(f"user_{number}") for number in range(60)]
    with opens() as door:
        first, *others = door.deliver_at_once(bad, *good)
    assert (first.status_code, {answer.status_code for answer in others}) == (503, {202})
    assert set(values(engine, KEPT)) == {sent.svix_id for sent in good}
    assert [(line["reason"], line["sqlstate"]) for line in door.lines() if line["event"] == "delivery.not_kept"] == [
        ("row_refused", "23514")
    ]


def test_a_commit_is_on_disk_even_where_the_database_does_not_ask_for_it(
    opens: Opens, clerk: Clerk, database: Database
) -> None:
    name = database.app_url.partition("@/")[2].partition("?")[0]
    with psycopg.connect(database.superuser_url, autocommit=True) as superuser:
        superuser.execute(f"alter database {name} set synchronous_commit = off".encode())
        superuser.execute(
            "alter table webhook_events add column seen text default current_setting('synchronous_commit')"
        )
        with opens() as door:
            door.deliver(clerk.created())
        assert superuser.execute("select seen from webhook_events").fetchall() == [("on",)]


def test_every_live_secret_opens_and_the_one_that_fitted_is_remembered(
    opens: Opens, clerk: Clerk, engine: Engine
) -> None:
    old, new = Clerk(), Clerk()
    with opens(clerk_webhook_signing_secret=f"{new.secrets[0]}, {old.secrets[0]}") as door:
        answers = [door.deliver(sender.created()) for sender in (new, old, Clerk(*old.secrets, *new.secrets), clerk)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 401]
    fitted = Counter(values(engine, "select verified_by from webhook_events"))
    assert sorted(fitted.values()) == [1, 2]


def test_two_receivers_on_one_port_share_the_work(opens: Opens, clerk: Clerk, engine: Engine) -> None:
    sent = [clerk.created(f"user_{number}") for number in range(60)]
    with opens(web_processes=2) as door:
        answers = door.deliver_at_once(*sent, *sent)
    assert Counter(answer.json()["status"] for answer in answers) == {"accepted": 60, "duplicate": 60}
    assert set(values(engine, KEPT)) == {delivery.svix_id for delivery in sent}
    assert sum(line["event"] == "receiver.stopped" for line in door.lines()) == 2
    assert door.process.code == 0
