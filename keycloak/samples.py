"""Credentials of Keycloak with known passwords, one for each algorithm and key length that can be transferred."""

import base64
import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_PBKDF2 = (
    ("pbkdf2-sha256", "sha256", 27_500, 64),
    ("pbkdf2-sha256", "sha256", 27_500, 32),
    ("pbkdf2-sha512", "sha512", 210_000, 64),
    ("pbkdf2", "sha1", 20_000, 64),
    ("pbkdf2", "sha1", 20_000, 20),
)
_KNOWN = "correct horse 1"
_SALT = "AAECAwQFBgcICQoLDA0ODw=="
# Type, version, iterations, memory, parallelism and key: made by the reference implementation.
_ARGON2 = (
    ("id", "1.3", 5, 7_168, 1, "kr5LV/SdMqKsgEb2JCw2DJDoZraCPCdmEjM0ujKSlgU="),
    ("id", "1.0", 5, 7_168, 1, "aeB3amQ5eMCT0fq9Ww3Vs+zyaqUgebpnWrk4/8HZiPI="),
    ("i", "1.3", 3, 8_192, 2, "FwcQD1vHBI55dU4BzufidYkZshckCkik2XtQzIGBB9M="),
)
_BCRYPT = "$2a$10$abcdefghijklmnopqrstuuFzaLl22Q/4sUS1B6HLw8.TDaHis0CLy"


@dataclass(frozen=True, slots=True)
class Sample:
    """A credential as Keycloak exports it, and its password."""

    name: str
    password: str = field(repr=False)
    credential: Mapping[str, Any] = field(repr=False)


def make() -> Iterator[Sample]:
    """One sample per algorithm and key length. Those of PBKDF2 have random passwords, the others known ones."""
    for algorithm, name, iterations, length in _PBKDF2:
        password, salt = secrets.token_urlsafe(24), secrets.token_bytes(16)
        key = hashlib.pbkdf2_hmac(name, password.encode(), salt, iterations, length)
        credential = _credential(algorithm, iterations, _base64(salt), _base64(key))
        yield Sample(f"{algorithm}, {length} bytes", password, credential)
    for kind, version, iterations, memory, parallel, value in _ARGON2:
        parameters = {"type": kind, "version": version, "memory": memory, "parallelism": parallel, "hashLength": 32}
        credential = _credential("argon2", iterations, _SALT, value, **parameters)
        yield Sample(f"argon2{kind}, version {version}", _KNOWN, credential)
    yield Sample("bcrypt", _KNOWN, _credential("bcrypt", 10, "", _BCRYPT))


def _credential(algorithm: str, iterations: int, salt: str, value: str, **parameters: object) -> dict[str, Any]:
    data = {
        "hashIterations": iterations,
        "algorithm": algorithm,
        "additionalParameters": {name: [str(each)] for name, each in parameters.items()},
    }
    secret = {"value": value, "salt": salt}
    return {"type": "password", "secretData": json.dumps(secret), "credentialData": json.dumps(data)}


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
