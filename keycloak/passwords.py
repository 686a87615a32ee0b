"""Translates Keycloak's password digests into the form that Clerk's API takes, without knowing the passwords.

PBKDF2 with a shorter output gives the first bytes of a longer one, so that long keys can be shortened to Clerk's
length. The test vectors are verified by Keycloak's algorithms and by Clerk's documented formats.
"""

import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache, partial
from typing import Any, NamedTuple, TypeAlias

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


@dataclass(slots=True)
class Digest:
    """What Clerk's API takes as `password_hasher` and `password_digest`. The digest is not in the representation.

    Not frozen, like `User`. The text is written when it is needed, since an inspection and a plan need none.
    """

    hasher: str
    write: Callable[[], str] = field(repr=False)

    @property
    def text(self) -> str:
        """The digest."""
        return self.write()


class Password(NamedTuple):
    """A password of Keycloak, and what Clerk takes: a digest, or the reason why there is none."""

    algorithm: str
    """With iterations and key length in bytes, such as `pbkdf2-sha256, 27500 iterations, 64 bytes`."""
    translated: Digest | Problem

    @property
    def digest(self) -> Digest | None:
        """The digest for Clerk, if there is one."""
        return self.translated if isinstance(self.translated, Digest) else None

    @property
    def problem(self) -> Problem | None:
        """Why there is no digest."""
        return self.translated if isinstance(self.translated, Problem) else None


Encode: TypeAlias = Callable[[bytes, bytes], Digest | Problem]
"""Writes salt and key as Clerk's API takes them."""


class _Scheme(NamedTuple):
    """What the settings of a credential say. Most users of a realm share a few."""

    algorithm: str
    """With iterations, without the key length."""
    encode: Encode | Problem | None
    """None if the value is the whole digest."""


def current(credentials: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The password that is in use: of those of type `password`, the one with the lowest priority. No earlier ones."""
    if len(credentials) == 1 and credentials[0].get("type") == "password":
        return credentials[0]
    passwords = [each for each in credentials if each.get("type") == "password"]
    return min(passwords, key=_priority, default=None)


def set_at(credential: Mapping[str, Any]) -> datetime | None:
    """When the password was set; None if unknown."""
    return user.moment(credential.get("createdDate"))


def read(credential: Mapping[str, Any]) -> Password:
    """Translate a password."""
    masked = Problem.MASKED if credential_data.is_masked(credential) else None
    if "secretData" not in credential and "hashedSaltedValue" not in credential:
        return Password("plain text", masked or (Problem.PLAIN_TEXT if "value" in credential else Problem.UNREADABLE))
    settings = credential.get("credentialData")
    try:
        secret = credential_data.secret(credential)
        scheme = _remembered(settings) if isinstance(settings, str) else _scheme(credential_data.settings(credential))
    except Unreadable:
        return Password("unreadable", masked or Problem.UNREADABLE)
    value = secret["hashedSaltedValue"] if "hashedSaltedValue" in secret else secret.get("value")
    if scheme.encode is None:
        return Password(scheme.algorithm, masked or _bcrypt(value))
    key, salt = _bytes(value), _bytes(secret.get("salt"))
    algorithm = f"{scheme.algorithm}, {len(key or b'')} bytes"
    if masked:
        return Password(algorithm, masked)
    if isinstance(scheme.encode, Problem):
        return Password(algorithm, scheme.encode)
    return Password(algorithm, scheme.encode(salt, key) if salt and key else Problem.UNREADABLE)


def digest(credential: Mapping[str, Any] | None) -> Digest:
    """The digest for Clerk. Raises Refused."""
    translated = Problem.NONE if credential is None else read(credential).translated
    if isinstance(translated, Problem):
        raise Refused(translated)
    return translated


@lru_cache(credential_data.REMEMBERED)
def _remembered(settings: str) -> _Scheme:
    return _scheme(credential_data.parsed(settings))


def _scheme(settings: Mapping[str, Any]) -> _Scheme:
    name = settings.get("algorithm") or "pbkdf2"  # Keycloak 1 had only this one
    if name == "bcrypt":
        return _Scheme("bcrypt", None)
    kind = parameter(settings, "type") if name == "argon2" else None
    return _Scheme(f"{name}{kind or ''}, {settings.get('hashIterations')} iterations", _encoder(name, settings))


def _encoder(name: object, settings: Mapping[str, Any]) -> Encode | Problem:
    iterations = number(settings.get("hashIterations"))
    if name not in ("pbkdf2", "pbkdf2-sha256", "pbkdf2-sha512", "argon2"):
        return Problem.ALGORITHM
    if not iterations:
        return Problem.UNREADABLE
    match name:
        case "pbkdf2":
            return partial(_sha1, iterations)
        case "pbkdf2-sha256":
            return partial(_sha256, iterations)
        case "pbkdf2-sha512":
            return partial(_sha512, iterations)
        case _:
            return _argon2(iterations, settings)


def _sha256(iterations: int, salt: bytes, key: bytes) -> Digest | Problem:
    if len(key) < 32:
        return Problem.TOO_SHORT
    return Digest("pbkdf2_sha256", lambda: f"pbkdf2_sha256${iterations}${_base64(salt)}${_base64(key[:32])}")


def _sha512(iterations: int, salt: bytes, key: bytes) -> Digest | Problem:
    # `pbkdf2_sha512` takes the salt as text, and Keycloak's is not text.
    if len(key) < 64:
        return Problem.TOO_SHORT
    return Digest("pbkdf2_sha512_hex", lambda: f"pbkdf2_sha512_hex${iterations}${salt.hex()}${key[:64].hex()}")


def _sha1(iterations: int, salt: bytes, key: bytes) -> Digest | Problem:
    if len(key) < SHORTEST_SHA1_KEY:
        return Problem.TOO_SHORT
    first = key[:32]
    return Digest("pbkdf2_sha1", lambda: f"pbkdf2_sha1${iterations}${salt.hex()}${first.hex()}${len(first)}")


def _argon2(iterations: int, settings: Mapping[str, Any]) -> Encode | Problem:
    kind, version = parameter(settings, "type"), parameter(settings, "version")
    memory, parallel = (number(parameter(settings, name)) for name in ("memory", "parallelism"))
    if kind and kind not in _ARGON2_TYPES:
        return Problem.ALGORITHM
    if not kind or version not in _ARGON2_VERSIONS or not memory or not parallel:
        return Problem.UNREADABLE
    hasher = _ARGON2_TYPES[kind]
    head = f"${hasher}$v={_ARGON2_VERSIONS[version]}$m={memory},t={iterations},p={parallel}$"
    return lambda salt, key: Digest(hasher, lambda: head + "$".join(_base64(each).rstrip("=") for each in (salt, key)))


def _bcrypt(value: object) -> Digest | Problem:
    """An extension's credential: its value is the whole digest."""
    readable = isinstance(value, str) and _BCRYPT.fullmatch(value)
    return Digest("bcrypt", lambda: str(value)) if readable else Problem.UNREADABLE


def _priority(credential: Mapping[str, Any]) -> int:
    value = credential.get("priority")
    return value if isinstance(value, int) else 0


def _bytes(value: object) -> bytes | None:
    """The bytes of standard base 64; None if it is not."""
    if not isinstance(value, str):
        return None
    try:
        return binascii.a2b_base64(value, strict_mode=True)
    except ValueError:
        return None


def _base64(value: bytes) -> str:
    return binascii.b2a_base64(value, newline=False).decode()
