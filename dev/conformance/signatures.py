"""Scenarios about signatures: what a receiver has to accept, and what it has to refuse."""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from dev import sample_events
from dev.conformance.scenario import Expected, Gone, Scenario, Sender, Step, Steps, Stored, UserData, new_user_id
from dev.conformance.signing import STANDARD, SVIX, Request, headers_of, signature, signed
from dev.conformance.users import created, envelope, message_id, user

TEN_MINUTES = 600
"""Twice what Svix tolerates."""
MALFORMED = {
    "timestamp": (b"", b"yesterday", b"1_700_000_000", b"-1", b"9" * 40, b"nan"),
    "signature": (b"", b"v1", b"v1,", b"v1,%%%", b"v1,AAAA,AAAA", b"v1,AAAA  v1,AAAA", b"v1a,AAAA", b"v1,\xc3\xa9\xff"),
}
"""Header values, each of which raised an unexpected error in some library."""


def _valid_creation(sender: Sender) -> Steps:
    clerk_id = new_user_id()
    data = user(clerk_id, first_name="Zoé", last_name="Ångström")
    names = {"first_name": "Zoé", "last_name": "Ångström", "email": f"{clerk_id.lower()}@example.com"}
    return Steps([created(sender, data)], [Stored(clerk_id, names)])


def _two_signatures(sender: Sender) -> Steps:
    data = user(new_user_id())
    request = signed(_body(data), message_id(), sender.other_secret, sender.secret)
    return Steps([Step(request, Expected.ACCEPTED, sent=data)], [Stored(data["id"])])


def _other_versions(sender: Sender) -> Steps:
    data = user(new_user_id())
    request = signed(_body(data), message_id(), sender.secret)
    valid = dict(request.headers)["svix-signature"]
    request = request.having("svix-signature", b"v1a,AAAA v2,AAAA " + valid)
    return Steps([Step(request, Expected.ACCEPTED, sent=data)], [Stored(data["id"])])


def _header_families(sender: Sender) -> Steps:
    data, forged = user(new_user_id()), user(new_user_id())
    return Steps(
        [
            Step(signed(_body(data), message_id(), sender.secret, family=STANDARD), Expected.HANDLED, sent=data),
            Step(
                signed(_body(forged), message_id(), sender.other_secret, family=STANDARD),
                Expected.REFUSED,
                sent=forged,
            ),
        ],
        [Gone(forged["id"])],
    )


def _refused(*alterations: Callable[[Sender, bytes], Iterable[Request]]) -> Callable[[Sender], Steps]:
    """The steps of a scenario whose requests must all be refused, and leave no user."""

    def build(sender: Sender) -> Steps:
        data = user(new_user_id())
        requests = [request for altered in alterations for request in altered(sender, _body(data))]
        return Steps([Step(each, Expected.REFUSED, sent=data) for each in requests], [Gone(data["id"])])

    return build


def _forged(_: Sender, body: bytes) -> Iterable[Request]:
    timestamp = str(int(time.time()))
    headers = headers_of(SVIX, message_id(), timestamp, "v1," + "A" * 43 + "=")
    yield Request(body, (("content-type", b"application/json"), *headers))


def _wrong_secret(sender: Sender, body: bytes) -> Iterable[Request]:
    yield signed(body, message_id(), sender.other_secret)


def _altered_body(sender: Sender, body: bytes) -> Iterable[Request]:
    yield replace(signed(body, message_id(), sender.secret), body=body.replace(b"example.com", b"example.org"))


def _altered_id(sender: Sender, body: bytes) -> Iterable[Request]:
    yield signed(body, message_id(), sender.secret).having("svix-id", message_id().encode())


def _stale(sender: Sender, body: bytes) -> Iterable[Request]:
    yield signed(body, message_id(), sender.secret, at=time.time() - TEN_MINUTES)


def _future(sender: Sender, body: bytes) -> Iterable[Request]:
    yield signed(body, message_id(), sender.secret, at=time.time() + TEN_MINUTES)


def _altered_timestamp(sender: Sender, body: bytes) -> Iterable[Request]:
    old = signed(body, message_id(), sender.secret, at=time.time() - TEN_MINUTES)
    yield old.having("svix-timestamp", str(int(time.time())).encode())


def _missing_header(sender: Sender, body: bytes) -> Iterable[Request]:
    for name in ("id", "timestamp", "signature"):
        yield signed(body, message_id(), sender.secret).without(f"svix-{name}")


def _unsigned(_: Sender, body: bytes) -> Iterable[Request]:
    yield Request(body, (("content-type", b"application/json"),))


def _malformed(sender: Sender, body: bytes) -> Iterable[Request]:
    for name, values in MALFORMED.items():
        for value in values:
            yield signed(body, message_id(), sender.secret).having(f"svix-{name}", value)


def _other_algorithm(sender: Sender, body: bytes) -> Iterable[Request]:
    svix_id, timestamp = message_id(), str(int(time.time()))
    digest = signature(sender.secret, svix_id, timestamp, body).removeprefix("v1,")
    for prefix in ("v0,", "v2,", "V1,", ""):
        yield Request(body, tuple(headers_of(SVIX, svix_id, timestamp, prefix + digest)))


def _body(data: UserData) -> bytes:
    return sample_events.body(envelope("user.created", data))


SIGNATURES = (
    Scenario("valid-creation", "A correctly signed user.created is accepted, and the user is stored.", _valid_creation),
    Scenario("forged-signature", "An invented signature is refused.", _refused(_forged)),
    Scenario("wrong-secret", "A signature with another endpoint's secret is refused.", _refused(_wrong_secret)),
    Scenario("altered-body", "A body that was changed after it was signed is refused.", _refused(_altered_body)),
    Scenario("altered-id", "A svix-id other than the signed one is refused.", _refused(_altered_id)),
    Scenario("stale-timestamp", "A delivery signed 10 minutes ago is refused, as a replay.", _refused(_stale)),
    Scenario("future-timestamp", "A delivery signed for 10 minutes from now is refused.", _refused(_future)),
    Scenario(
        "altered-timestamp",
        "A stale delivery with the current time in its header is refused.",
        _refused(_altered_timestamp),
    ),
    Scenario("missing-header", "A delivery without one of the three headers is refused.", _refused(_missing_header)),
    Scenario("unsigned", "A delivery without signature headers is refused.", _refused(_unsigned)),
    Scenario(
        "malformed-headers",
        "Timestamps and signatures that cannot be parsed are refused, without an error of the receiver.",
        _refused(_malformed),
    ),
    Scenario(
        "other-algorithm",
        "A valid digest under another version than v1 is refused.",
        _refused(_other_algorithm),
    ),
    Scenario(
        "two-signatures",
        "While the secret is rotated, a header has one signature per secret; the delivery is accepted.",
        _two_signatures,
    ),
    Scenario("unknown-versions", "Signatures of other versions beside a valid one are skipped.", _other_versions),
    Scenario(
        "header-families",
        "Headers named webhook-* may be accepted or not; forged ones are refused.",
        _header_families,
    ),
)
