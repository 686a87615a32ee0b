"""Translates the secrets of authenticator apps into the form that Clerk's API takes."""

import base64
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from keycloak import credential_data
from keycloak.credential_data import Unreadable

_BASE32 = re.compile(r"[A-Z2-7]+")


class Problem(StrEnum):
    """Why the user has to set up the authenticator app again."""

    UNREADABLE = "totp_unreadable"
    """A field is missing, or is not what its format demands."""
    UNSUPPORTED = "totp_unsupported"
    """Clerk takes codes by time only, with SHA-1, 6 digits and 30 seconds."""


class Refused(Exception):
    """The secret cannot be transferred."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


def current(credentials: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The first authenticator app of a user; Clerk takes one."""
    return next((each for each in credentials if each.get("type") in ("otp", "totp", "hotp")), None)


def secret(credential: Mapping[str, Any]) -> str:
    """What Clerk's API takes as `totp_secret`: the key in base 32. Raises Refused."""
    if credential_data.is_masked(credential):
        raise Refused(Problem.UNREADABLE)
    try:
        data, hidden = credential_data.settings(credential), credential_data.secret(credential)
    except Unreadable:
        raise Refused(Problem.UNREADABLE) from None
    settings = (data.get("algorithm"), data.get("digits"), data.get("period"))
    if (data.get("subType") or credential.get("type")) != "totp" or settings != ("HmacSHA1", 6, 30):
        raise Refused(Problem.UNSUPPORTED)
    value = hidden.get("value") or hidden.get("hashedSaltedValue")
    if not isinstance(value, str) or not value.isascii():
        raise Refused(Problem.UNREADABLE)
    if data.get("secretEncoding") != "BASE32":
        # Keycloak's key is the text itself, so its bytes are encoded.
        value = base64.b32encode(value.encode()).decode()
    value = value.replace(" ", "").rstrip("=").upper()
    if not _BASE32.fullmatch(value):
        raise Refused(Problem.UNREADABLE)
    return value
