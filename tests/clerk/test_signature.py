import base64
import hmac
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from svix.webhooks import Webhook, WebhookVerificationError

from clerk.signature import InvalidDelivery, Reason, SigningSecrets, fingerprint
from tests.clerk_sender import Clerk, deletion, signing_secret

BODY = deletion()


def test_the_example_of_svix_documentation_has_the_documented_signature() -> None:
    when = datetime.fromtimestamp(1_614_265_330, UTC)
    signature = Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").sign(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", when, '{"test": 2432232314}'
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


LIVE = [signing_secret(), signing_secret()]
ENTRY = st.fixed_dictionaries(
    {
        "secret": st.sampled_from([*LIVE, signing_secret()]),
        "digits": st.integers(10, 11),
        "after": st.sampled_from(["", "", " "]),
    }
)


@given(
    svix_id=st.from_regex("[!-~]{1,20}", fullmatch=True),
    body=st.text(),
    seconds_ago=st.sampled_from([0, 290, -290, 310, -310, 86_400]),
    digits=st.integers(10, 11),
    entries=st.lists(ENTRY, min_size=1, max_size=3),
)
def test_a_delivery_is_accepted_exactly_if_svix_verifies_it(
    svix_id: str, body: str, seconds_ago: int, digits: int, entries: list[dict[str, Any]]
) -> None:
    then = int(time.time()) - seconds_ago
    headers = {
        "svix-id": svix_id,
        "svix-timestamp": f"{then:0{digits}}",
        "svix-signature": " ".join(
            signature(entry["secret"], f"{svix_id}.{then:0{entry['digits']}}.{body}{entry['after']}")
            for entry in entries
        ),
    }
    assert is_accepted(headers, body.encode()) is any(svix_verifies(secret, headers, body.encode()) for secret in LIVE)


def signature(secret: str, signed: str) -> str:
    """The signature by the specification, for input that svix does not sign."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.digest(key, signed.encode(), "sha256")).decode()


def is_accepted(headers: dict[str, str], body: bytes) -> bool:
    try:
        SigningSecrets(LIVE).verify([(name.encode(), value.encode()) for name, value in headers.items()], body)
    except InvalidDelivery:
        return False
    return True


def svix_verifies(secret: str, headers: dict[str, str], body: bytes) -> bool:
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return False
    return True


def test_a_verified_delivery_has_the_raw_bytes(clerk: Clerk) -> None:
    sent = clerk.send('{ "name" : "Åsa" }\n'.encode())
    delivery = SigningSecrets(clerk.secrets).verify(sent.raw_headers, sent.body)
    assert delivery.svix_id == sent.svix_id
    assert delivery.timestamp == int(sent.headers["svix-timestamp"])
    assert delivery.signature == sent.headers["svix-signature"]
    assert delivery.body == sent.body


def test_during_rotation_each_secret_verifies_its_signatures() -> None:
    old, new = signing_secret(), signing_secret()
    signing_secrets = SigningSecrets([new, old])
    by_old, by_new, by_both = (Clerk(*secrets).send(BODY) for secrets in ([old], [new], [old, new]))
    assert signing_secrets.verify(by_old.raw_headers, BODY).verified_by == fingerprint(old)
    assert signing_secrets.verify(by_new.raw_headers, BODY).verified_by == fingerprint(new)
    assert signing_secrets.verify(by_both.raw_headers, BODY).verified_by == fingerprint(new)


def test_a_rotated_out_secret_verifies_nothing() -> None:
    old, new = signing_secret(), signing_secret()
    sent = Clerk(old).send(BODY)
    with pytest.raises(InvalidDelivery) as refused:
        SigningSecrets([new]).verify(sent.raw_headers, BODY)
    assert refused.value.reason is Reason.SIGNATURE_WRONG


def test_a_fingerprint_does_not_reveal_the_secret() -> None:
    secret = signing_secret()
    assert len(fingerprint(secret)) == 12
    assert fingerprint(secret) not in secret


def test_the_header_names_of_standard_webhooks_are_accepted(clerk: Clerk) -> None:
    sent = clerk.send(BODY)
    renamed = [(name.replace(b"svix", b"webhook"), value) for name, value in sent.raw_headers]
    assert SigningSecrets(clerk.secrets).verify(renamed, BODY).svix_id == sent.svix_id


def test_svix_header_names_take_precedence(clerk: Clerk) -> None:
    sent = clerk.send(BODY)
    strange = [(b"webhook-id", b"other"), (b"webhook-timestamp", b"1"), (b"webhook-signature", b"v1,x")]
    assert SigningSecrets(clerk.secrets).verify([*strange, *sent.raw_headers], BODY).svix_id == sent.svix_id


@pytest.mark.parametrize("seconds_ago", [295, 0, -295])
def test_a_timestamp_within_five_minutes_is_accepted(clerk: Clerk, seconds_ago: int) -> None:
    sent = clerk.send(BODY, seconds_ago=seconds_ago)
    assert SigningSecrets(clerk.secrets).verify(sent.raw_headers, BODY).svix_id == sent.svix_id


@pytest.mark.parametrize("seconds_ago", [301, 86_400, -305, -86_400])
def test_a_valid_signature_out_of_tolerance_is_refused(clerk: Clerk, seconds_ago: int) -> None:
    sent = clerk.send(BODY, seconds_ago=seconds_ago)
    with pytest.raises(InvalidDelivery) as refused:
        SigningSecrets(clerk.secrets).verify(sent.raw_headers, BODY)
    assert (refused.value.reason, refused.value.status) == (Reason.TIMESTAMP_OUT_OF_TOLERANCE, 401)
