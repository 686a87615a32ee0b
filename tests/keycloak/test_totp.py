"""Secrets of authenticator apps in the form that Clerk takes."""

import base64
import hashlib
import hmac
from typing import Any

import pytest

from keycloak import totp
from keycloak.totp import Problem
from tests.keycloak.exports import ANSWERS

TAKEN = [answer for answer in ANSWERS["totp"] if answer["secret"]]
REFUSED = [answer for answer in ANSWERS["totp"] if not answer["secret"]]


def code(secret: str, at: int) -> str:
    """The six digits that an app shows (RFC 6238)."""
    made = hmac.digest(base64.b32decode(secret), (at // 30).to_bytes(8, "big"), hashlib.sha1)
    start = made[-1] & 15
    return f"{(int.from_bytes(made[start : start + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


@pytest.mark.parametrize("answer", TAKEN, ids=lambda answer: answer["name"])
def test_a_secret_is_translated_and_shows_the_same_codes(answer: dict[str, Any]) -> None:
    secret = totp.secret(answer["credential"])
    assert secret == answer["secret"]
    assert code(secret, answer["at"]) == answer["code"]


@pytest.mark.parametrize("answer", REFUSED, ids=lambda answer: answer["name"])
def test_what_clerk_does_not_take_is_refused(answer: dict[str, Any]) -> None:
    with pytest.raises(totp.Refused) as refused:
        totp.secret(answer["credential"])
    assert refused.value.problem is Problem.UNSUPPORTED


FLAT = {
    "type": "totp",
    "hashedSaltedValue": "Q7fGk2mWz0aXb9LpT4dN",
    "algorithm": "HmacSHA1",
    "digits": 6,
    "period": 30,
    "counter": 0,
}


def test_a_secret_of_keycloak_up_to_7_is_translated() -> None:
    assert totp.secret(FLAT) == TAKEN[0]["secret"]


@pytest.mark.parametrize(
    "change",
    [
        {"hashedSaltedValue": ""},
        {"hashedSaltedValue": "**********"},
        {"hashedSaltedValue": None},
        {"credentialData": "["},
    ],
    ids=["empty", "masked", "missing", "no JSON"],
)
def test_a_secret_that_cannot_be_read_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(totp.Refused) as refused:
        totp.secret({**FLAT, **change})
    assert refused.value.problem is Problem.UNREADABLE


def test_the_first_app_is_taken() -> None:
    assert totp.current([{"type": "password"}, {"type": "otp", "id": "1"}, {"type": "otp", "id": "2"}]) == {
        "type": "otp",
        "id": "1",
    }
    assert totp.current([{"type": "webauthn"}]) is None
