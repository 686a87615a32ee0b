"""Signatures of the scenarios, compared with Svix's."""

from datetime import UTC, datetime

from svix.webhooks import Webhook

from dev.conformance.signing import signature, signed

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_a_signature_is_the_one_that_svix_makes() -> None:
    at = datetime(2026, 11, 27, tzinfo=UTC)
    ours = signature(SECRET, "msg_1", str(int(at.timestamp())), "{'é'}".encode())
    assert ours == Webhook(SECRET).sign("msg_1", at, "{'é'}")


def test_a_request_has_one_signature_for_each_secret() -> None:
    request = signed(b"{}", "msg_1", SECRET, SECRET, at=0)
    one, other = dict(request.headers)["svix-signature"].decode().split(" ")
    assert one == other == signature(SECRET, "msg_1", "0", b"{}")
