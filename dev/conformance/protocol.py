"""Scenarios about requests: methods, bodies and repetitions."""

from dataclasses import replace

from dev import sample_events
from dev.conformance.scenario import Expected, Gone, Scenario, Sender, Step, Steps, Stored, new_user_id
from dev.conformance.signing import Request, signed
from dev.conformance.users import created, deliver, deliver_bytes, envelope, escaped, message_id, user

HUGE_CHARACTERS = 8_000_000
CONCURRENT = 20
NOT_JSON = (b"not json", b"[1,2]", b"null", b"\xff\xfe", b"", b'{"type":"user.created","data":[]}')


def _get(_: Sender) -> Steps:
    return Steps([Step(Request(b"", (), "GET"), Expected.REFUSED)])


def _huge(sender: Sender) -> Steps:
    """A body that is too large, then a delivery that shows that the receiver still works."""
    large, next_one = user(new_user_id(), first_name="x" * HUGE_CHARACTERS), user(new_user_id())
    refused = created(sender, large, expected=Expected.REFUSED_OR_CLOSED)
    return Steps([refused, created(sender, next_one)], [Gone(large["id"]), Stored(next_one["id"])])


def _not_json(sender: Sender) -> Steps:
    data = user(new_user_id())
    unreadable = [deliver_bytes(sender, body, Expected.HANDLED) for body in NOT_JSON]
    return Steps([*unreadable, created(sender, data)], [Stored(data["id"])])


def _unknown_type(sender: Sender) -> Steps:
    return Steps([deliver(sender, "waitlistEntry.created", {"id": "wl_1", "object": "waitlist_entry"}, sent=None)])


def _unknown_fields(sender: Sender) -> Steps:
    data = user(new_user_id(), brand_new={"a": [1, {"b": None}]})
    body = sample_events.body(envelope("user.created", data, more=[1]))
    return Steps([deliver_bytes(sender, body, sent=data)], [Stored(data["id"])])


def _escaped(sender: Sender) -> Steps:
    data = user(new_user_id(), first_name="Tom & Zoé")
    body = escaped(envelope("user.created", data)).replace(b"&", b"\\u0026")
    return Steps([deliver_bytes(sender, body, sent=data)], [Stored(data["id"], {"first_name": "Tom & Zoé"})])


def _duplicate(sender: Sender) -> Steps:
    step = created(sender, user(new_user_id()))
    return Steps([step, step], [Stored(_id(step))])


def _retried(sender: Sender) -> Steps:
    """Svix signs each attempt again: same id and body, another timestamp."""
    data, svix_id = user(new_user_id()), message_id()
    first = created(sender, data)
    attempts = [replace(first, request=signed(first.request.body, svix_id, sender.secret)) for _ in range(2)]
    return Steps(attempts, [Stored(data["id"])])


def _concurrent(sender: Sender) -> Steps:
    step = created(sender, user(new_user_id()))
    return Steps([replace(step, copies=CONCURRENT)], [Stored(_id(step))])


def _id(step: Step) -> str:
    assert step.sent is not None  # noqa: S101 - set by `created`
    return str(step.sent["id"])


PROTOCOL = (
    Scenario("get-request", "GET is refused.", _get),
    Scenario("huge-body", "A signed body of 8 MB is refused, and the receiver goes on.", _huge),
    Scenario(
        "not-json",
        "Signed bodies that are not an event are answered without a 5xx, and the receiver goes on.",
        _not_json,
    ),
    Scenario(
        "unknown-type", "An event type that the receiver does not use is accepted; else Svix retries it.", _unknown_type
    ),
    Scenario("unknown-fields", "Fields that did not exist before are accepted.", _unknown_fields),
    Scenario("escaped-body", "The signature is checked over the raw bytes, not over JSON written again.", _escaped),
    Scenario("duplicate", "A repeated delivery is accepted; else Svix retries it for 27 hours.", _duplicate),
    Scenario("retried", "A retry with the same svix-id and a new signature is accepted.", _retried),
    Scenario("concurrent-duplicates", "20 simultaneous copies of one delivery are accepted.", _concurrent),
)
