"""Session tokens, valid and invalid, each with whether a verifier has to accept it."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import jwt

from dev import clerk_instance
from dev.clerk_instance import ClerkInstance
from dev.conformance.scenario import new_user_id
from tests.conformance.clerk_api import KID

HOUR = 3_600


def tokens(instance: ClerkInstance, clerk_id: str) -> dict[str, str]:
    """Each kind of token, by its description."""
    now = int(time.time())
    make = _signer(instance, _claims(clerk_id, now))
    return {
        VALID: make(),
        "expired 2 minutes ago": make(exp=now - 120, iat=now - 180, nbf=now - 190),
        "without `exp`": make(exp=None),
        "`nbf` in an hour": make(nbf=now + HOUR, exp=now + HOUR + 60),
        "`iat` in an hour": make(iat=now + HOUR, exp=now + HOUR + 60),
        "wrong `iss`": make(iss="https://clerk.other.example"),
        "without `iss`": make(iss=None),
        "wrong `azp`": make(azp="https://other.example"),
        "`sts` is `pending`": make(sts="pending"),
        "without `sub`": make(sub=None),
        "signed with another key": _signer(clerk_instance.create(), _claims(clerk_id, now))(),
        "algorithm `none`": _unsigned(_claims(clerk_id, now)),
        "HS256 with the public key as the secret": _hs256(instance, _claims(clerk_id, now)),
    }


VALID = "valid"


def names() -> dict[str, bool]:
    """Whether each kind has to be accepted."""
    return {name: name == VALID for name in tokens(clerk_instance.create(), new_user_id())}


def _claims(clerk_id: str, now: int) -> dict[str, Any]:
    times = {"iat": now - 1, "nbf": now - 10, "exp": now + 60}
    session = {"iss": clerk_instance.ISSUER, "azp": clerk_instance.PARTY, "sub": clerk_id, "sid": "sess_akako"}
    return {**session, **times, "sts": "active", "v": 2}


def _signer(instance: ClerkInstance, claims: dict[str, Any]) -> Callable[..., str]:
    def make(**changes: Any) -> str:
        """A token with changed claims; None leaves one out."""
        chosen = {name: value for name, value in {**claims, **changes}.items() if value is not None}
        return jwt.PyJWS().encode(
            json.dumps(chosen).encode(), instance.private_pem, "RS256", {"kid": KID, "typ": "JWT"}
        )

    return make


def _unsigned(claims: dict[str, Any]) -> str:
    return _parts({"alg": "none", "typ": "JWT", "kid": KID}, claims) + "."


def _hs256(instance: ClerkInstance, claims: dict[str, Any]) -> str:
    parts = _parts({"alg": "HS256", "typ": "JWT", "kid": KID}, claims)
    key = instance.settings["CLERK_JWT_KEY"].encode()
    return f"{parts}.{_encoded(hmac.new(key, parts.encode(), hashlib.sha256).digest())}"


def _parts(*parts: object) -> str:
    return ".".join(_encoded(json.dumps(part).encode()) for part in parts)


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
