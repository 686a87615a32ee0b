"""Every delivery answered with 2xx is stored, whatever its content, and exactly once."""

from collections import Counter
from hashlib import sha256
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine

from tests.clerk_sender import Clerk, deletion, event
from tests.dev.groups import until
from tests.ledger import rows, values
from tests.servers import Database
from tests.webhooks.conftest import StartReceiver
from tests.webhooks.receiver_process import ReceiverProcess
from tests.webhooks.test_start import has_ipv6, health_status

STORED_IDS = "select svix_id from webhook_events"
STATUSES = "select type, status, last_error is not null from webhook_events order by svix_id"


def test_invariant_1_a_delivery_answered_with_2xx_is_stored(
    receiver: ReceiverProcess, clerk: Clerk, engine: Engine
) -> None:
    answers = {
        sent.svix_id: receiver.deliver(sent) for sent in (clerk.created(), clerk.updated(at=1), clerk.deleted(at=2))
    }
    assert {svix_id: (answer.status_code, answer.json()) for svix_id, answer in answers.items()} == {
        svix_id: (202, {"status": "accepted"}) for svix_id in values(engine, STORED_IDS)
    }


def test_the_raw_bytes_are_stored(receiver: ReceiverProcess, clerk: Clerk, engine: Engine) -> None:
    body = event("user.created", {"id": "user_ada", "updated_at": 1, "first_name": "\ud800\x00"})
    sent = clerk.send(body + b" \n")
    receiver.deliver(sent)
    (event_row,) = rows(engine, "select body, svix_timestamp, svix_signature from webhook_events")
    assert (event_row[0], str(event_row[1]), event_row[2]) == (
        sent.body,
        sent.headers["svix-timestamp"],
        sent.headers["svix-signature"],
    )


def test_a_hundred_concurrent_deliveries_of_one_id_are_one_row_and_one_accepted(
    receiver: ReceiverProcess, clerk: Clerk, engine: Engine
) -> None:
    sent = clerk.created()
    answers = receiver.deliver_at_once(*[sent] * 100)
    assert Counter(answer.json()["status"] for answer in answers) == {"accepted": 1, "duplicate": 99}
    assert values(engine, STORED_IDS) == [sent.svix_id]


def test_a_redelivery_with_another_signature_is_a_duplicate(receiver: ReceiverProcess, clerk: Clerk) -> None:
    sent = clerk.created()
    receiver.deliver(sent)
    assert receiver.deliver(clerk.again(sent, seconds_ago=30)).json() == {"status": "duplicate"}


def test_invariant_6_every_verified_delivery_is_stored(receiver: ReceiverProcess, clerk: Clerk, engine: Engine) -> None:
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
    answers = [receiver.deliver(clerk.send(body, svix_id=f"msg_{name}")) for name, body in bodies.items()]
    assert [answer.status_code for answer in answers] == [202] * 8
    assert [tuple(row) for row in rows(engine, STATUSES)] == [
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


def test_a_different_signed_body_of_a_stored_id_is_a_duplicate_and_is_logged(
    receiver: ReceiverProcess, clerk: Clerk, engine: Engine
) -> None:
    first = clerk.created("user_ada")
    other = clerk.send(event("user.deleted", {"id": "user_ada", "deleted": True}), svix_id=first.svix_id)
    assert [receiver.deliver(each).json()["status"] for each in (first, first, other)] == [
        "accepted",
        *["duplicate"] * 2,
    ]
    assert values(engine, "select body from webhook_events") == [first.body]
    until(lambda: differing(receiver))
    (line,) = differing(receiver)
    assert line["svix_id"] == first.svix_id
    assert line["stored_sha256"] == sha256(first.body).hexdigest()
    assert line["received_sha256"] == sha256(other.body).hexdigest()


def test_concurrent_deliveries_of_one_id_with_different_bodies_are_logged(
    start_receiver: StartReceiver, clerk: Clerk, engine: Engine
) -> None:
    bodies = [event("user.created", {"id": f"user_{number}", "updated_at": 1}) for number in range(8)]
    with start_receiver() as receiver:
        answers = receiver.deliver_at_once(*[clerk.send(body, svix_id="msg_1") for body in bodies])
        assert Counter(answer.json()["status"] for answer in answers) == {"accepted": 1, "duplicate": 7}
        until(lambda: len(differing(receiver)) == 7)


def test_a_different_body_is_logged_after_the_stored_body_was_erased(
    receiver: ReceiverProcess, clerk: Clerk, database: Database
) -> None:
    first = clerk.send(event("session.created", {"id": "sess_1"}))
    receiver.deliver(first)
    with psycopg.connect(database.owner_url) as owner:
        owner.execute("update webhook_events set received_at = received_at - interval '91 days'")
        owner.execute("update webhook_events set body = null")
    receiver.deliver(first)
    receiver.deliver(clerk.send(b"{}", svix_id=first.svix_id))
    until(lambda: differing(receiver))
    assert len(differing(receiver)) == 1


def differing(receiver: ReceiverProcess) -> list[dict[str, Any]]:
    """The log lines about repeated deliveries with another body."""
    return [line for line in receiver.lines() if line["event"] == "delivery.body_differs"]


def test_a_row_that_the_database_rejects_does_not_fail_the_rest_of_its_batch(
    start_receiver: StartReceiver, clerk: Clerk, engine: Engine, database: Database
) -> None:
    with psycopg.connect(database.owner_url) as owner:
        owner.execute("alter table webhook_events add constraint no_bad check (clerk_user_id <> 'user_bad')")
    bad, good = clerk.created("user_bad"), [clerk.created(f"user_{number}") for number in range(60)]
    with start_receiver() as receiver:
        first, *others = receiver.deliver_at_once(bad, *good)
    assert (first.status_code, {answer.status_code for answer in others}) == (503, {202})
    assert set(values(engine, STORED_IDS)) == {sent.svix_id for sent in good}
    assert [
        (line["reason"], line["sqlstate"]) for line in receiver.lines() if line["event"] == "delivery.not_stored"
    ] == [("row_refused", "23514")]


def test_commits_are_synchronous_even_if_the_database_default_is_off(
    start_receiver: StartReceiver, clerk: Clerk, database: Database
) -> None:
    name = database.app_url.partition("@/")[2].partition("?")[0]
    with psycopg.connect(database.superuser_url, autocommit=True) as superuser:
        superuser.execute(f"alter database {name} set synchronous_commit = off".encode())
        superuser.execute(
            "alter table webhook_events add column seen text default current_setting('synchronous_commit')"
        )
        with start_receiver() as receiver:
            receiver.deliver(clerk.created())
        assert superuser.execute("select seen from webhook_events").fetchall() == [("on",)]


def test_every_current_secret_verifies_and_its_fingerprint_is_stored(
    start_receiver: StartReceiver, clerk: Clerk, engine: Engine
) -> None:
    old, new = Clerk(), Clerk()
    with start_receiver(clerk_webhook_signing_secret=f"{new.secrets[0]}, {old.secrets[0]}") as receiver:
        answers = [
            receiver.deliver(sender.created()) for sender in (new, old, Clerk(*old.secrets, *new.secrets), clerk)
        ]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 401]
    fitted = Counter(values(engine, "select verified_by from webhook_events"))
    assert sorted(fitted.values()) == [1, 2]


@pytest.mark.recovery
def test_two_processes_on_one_port_share_the_deliveries(
    start_receiver: StartReceiver, clerk: Clerk, engine: Engine
) -> None:
    sent = [clerk.created(f"user_{number}") for number in range(60)]
    with start_receiver(web_processes=2, host="::" if has_ipv6() else "127.0.0.1") as receiver:
        if has_ipv6():
            assert health_status(receiver, "[::1]") == 200
        answers = receiver.deliver_at_once(*sent, *sent)
    assert Counter(answer.json()["status"] for answer in answers) == {"accepted": 60, "duplicate": 60}
    assert set(values(engine, STORED_IDS)) == {delivery.svix_id for delivery in sent}
    assert sum(line["event"] == "receiver.stopped" for line in receiver.lines()) == 2
    assert receiver.process.code == 0
