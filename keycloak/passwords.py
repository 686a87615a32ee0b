"""Translates Keycloak's password digests into the form that Clerk's API takes, without knowing the passwords.

PBKDF2 with a shorter output gives the first bytes of a longer one, so that long keys can be shortened to Clerk's
length. The test vectors are verified by Keycloak's algorithms and by Clerk's documented formats.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from keycloak import credential_data, user
from keycloak.credential_data import Unreadable, number, parameter

SHORTEST_SHA1_KEY = 16
"""Bytes; the digests of shorter keys would accept wrong passwords."""
_ARGON2_TYPES = {"id": "argon2id", "i": "argon2i"}
_ARGON2_VERSIONS = {"1.3": 19, "1.0": 16}
_BCRYPT = re.compile(r"\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}")


class Problem(StrEnum):
    """Why a user has no digest that Clerk could verify."""

    NONE = "no_password"
    """The user has no password in Keycloak."""
    MASKED = "password_masked"
    """The digest was replaced by asterisks."""
    PLAIN_TEXT = "password_in_plain_text"
    """A realm file written by hand; the password is not used."""
    UNREADABLE = "password_unreadable"
    """A field is missing, or is not what its format demands."""
    ALGORITHM = "password_algorithm"
    """Clerk does not verify this algorithm, for example one of an extension, or Argon2d."""
    TOO_SHORT = "password_key_too_short"
    """The digest is shorter than Clerk compares."""


class Refused(Exception):
    """The password cannot be transferred."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Digest:
    """What Clerk's API takes as `password_hasher` and `password_digest`. The digest is not in the representation."""

    hasher: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Key:
    """A digest of Keycloak with its parameters."""

    algorithm: str
    iterations: int
    salt: bytes = field(repr=False)
    key: bytes = field(repr=False)
    parameters: Mapping[str, Any] = field(repr=False)


def current(credentials: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The password that is in use: of those of type `password`, the one with the lowest priority. No earlier ones."""
    passwords = [each for each in credentials if each.get("type") == "password"]
    return min(passwords, key=_priority, default=None)


def set_at(credential: Mapping[str, Any]) -> datetime | None:
    """When the password was set; None if unknown."""
    return user.moment(credential.get("createdDate"))


def algorithm(credential: Mapping[str, Any]) -> str:
    """Algorithm, iterations and key length in bytes, such as `pbkdf2-sha256, 27500 iterations, 64 bytes`."""
    if "secretData" not in credential and "hashedSaltedValue" not in credential:
        return "plain text"
    try:
        data, secret = credential_data.settings(credential), credential_data.secret(credential)
    except Unreadable:
        return "unreadable"
    name = data.get("algorithm") or "pbkdf2"
    if name == "bcrypt":
        return "bcrypt"
    size = len(_bytes(secret.get("value") or secret.get("hashedSaltedValue")) or b"")
    kind = parameter(data, "type") if name == "argon2" else None
    return f"{name}{kind or ''}, {data.get('hashIterations')} iterations, {size} bytes"


def digest(credential: Mapping[str, Any] | None) -> Digest:
    """The digest for Clerk. Raises Refused."""
    if credential is None:
        raise Refused(Problem.NONE)
    if credential_data.is_masked(credential):
        raise Refused(Problem.MASKED)
    if "secretData" not in credential and "hashedSaltedValue" not in credential:
        raise Refused(Problem.PLAIN_TEXT if "value" in credential else Problem.UNREADABLE)
    try:
        data, secret = credential_data.settings(credential), credential_data.secret(credential)
    except Unreadable:
        raise Refused(Problem.UNREADABLE) from None
    name = data.get("algorithm") or "pbkdf2"  # Keycloak 1 had only this one
    value = secret.get("hashedSaltedValue") if "hashedSaltedValue" in secret else secret.get("value")
    if name == "bcrypt":
        return _bcrypt(value)
    translate = _TRANSLATIONS.get(name) if isinstance(name, str) else None
    if translate is None:
        raise Refused(Problem.ALGORITHM)
    iterations, salt, key = number(data.get("hashIterations")), _bytes(secret.get("salt")), _bytes(value)
    if not iterations or not salt or not key:
        raise Refused(Problem.UNREADABLE)
    return translate(Key(name, iterations, salt, key, data))


def _sha256(found: Key) -> Digest:
    key = _first(found.key, 32)
    return Digest("pbkdf2_sha256", f"pbkdf2_sha256${found.iterations}${_base64(found.salt)}${_base64(key)}")


def _sha512(found: Key) -> Digest:
    # `pbkdf2_sha512` takes the salt as text, and Keycloak's is not text.
    key = _first(found.key, 64)
    return Digest("pbkdf2_sha512_hex", f"pbkdf2_sha512_hex${found.iterations}${found.salt.hex()}${key.hex()}")


def _sha1(found: Key) -> Digest:
    if len(found.key) < SHORTEST_SHA1_KEY:
        raise Refused(Problem.TOO_SHORT)
    key = found.key[:32]
    return Digest("pbkdf2_sha1", f"pbkdf2_sha1${found.iterations}${found.salt.hex()}${key.hex()}${len(key)}")


def _argon2(found: Key) -> Digest:
    kind, version = parameter(found.parameters, "type"), parameter(found.parameters, "version")
    memory, parallel = (number(parameter(found.parameters, name)) for name in ("memory", "parallelism"))
    if kind and kind not in _ARGON2_TYPES:
        raise Refused(Problem.ALGORITHM)
    if not kind or version not in _ARGON2_VERSIONS or not memory or not parallel:
        raise Refused(Problem.UNREADABLE)
    hasher = _ARGON2_TYPES[kind]
    parameters = f"v={_ARGON2_VERSIONS[version]}$m={memory},t={found.iterations},p={parallel}"
    salt, key = (_base64(each).rstrip("=") for each in (found.salt, found.key))
    return Digest(hasher, f"${hasher}${parameters}${salt}${key}")


def _bcrypt(value: object) -> Digest:
    """An extension's credential: its value is the whole digest."""
    if not isinstance(value, str) or not _BCRYPT.fullmatch(value):
        raise Refused(Problem.UNREADABLE)
    return Digest("bcrypt", value)


_TRANSLATIONS: Mapping[str, Callable[[Key], Digest]] = {
    "pbkdf2": _sha1,
    "pbkdf2-sha256": _sha256,
    "pbkdf2-sha512": _sha512,
    "argon2": _argon2,
}


def _first(key: bytes, size: int) -> bytes:
    if len(key) < size:
        raise Refused(Problem.TOO_SHORT)
    return key[:size]


def _priority(credential: Mapping[str, Any]) -> int:
    value = credential.get("priority")
    return value if isinstance(value, int) else 0


def _bytes(value: object) -> bytes | None:
    """The bytes of standard base 64; None if it is not."""
    if not isinstance(value, str):
        return None
    try:
        return base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error):
        return None


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
