"""Public keys for session tokens: the key source interface, a pinned key, and a parser of JSON Web Key Sets."""

from concurrent.futures import Future
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt import InvalidKeyError
from jwt.algorithms import RSAAlgorithm

from akako_guard import json

LEAST_BITS = 2_048
MOST_BITS = 8_192
MOST_KEYS = 32


class Keys(Protocol):
    """The keys of one issuer. A `kid` is unique only within its issuer; Clerk uses the id of the instance."""

    def find(self, kid: str) -> RSAPublicKey | None:
        """The key with this id, if available. Never blocks."""

    def refresh(self) -> "Future[None] | None":
        """A future that completes after newer keys were requested; None if there is nothing to wait for."""

    @property
    def ready(self) -> bool:
        """Whether any keys are available; without them a token with an unknown `kid` cannot be refused."""

    def close(self) -> None:
        """Stop background work."""


class PinnedKey:
    """The key from the settings, used for every `kid`. Needs no network and is never refreshed."""

    ready = True

    def __init__(self, pem: str) -> None:
        key = load_pem_public_key(pem.encode())
        if not isinstance(key, RSAPublicKey):
            raise ValueError("not an RSA public key in PEM format")
        self._key = key

    def find(self, kid: str) -> RSAPublicKey | None:  # noqa: ARG002 - a PEM file has no key id to compare
        """The key."""
        return self._key

    def refresh(self) -> Future[None] | None:
        """None: the key is never refreshed."""
        return None

    def close(self) -> None:
        """Do nothing: there is no background work."""


def read(body: bytes) -> dict[str, RSAPublicKey]:
    """The usable keys of a JSON Web Key Set by `kid`; others are skipped. Raises ValueError if there is none."""
    key_set = json.loads(body)
    entries = key_set.get("keys") if isinstance(key_set, dict) else None
    if not isinstance(entries, list):
        raise ValueError("not a JSON Web Key Set")
    usable = {entry["kid"]: key for entry in entries[:MOST_KEYS] if (key := _usable(entry)) is not None}
    if not usable:
        raise ValueError("no usable key in the JSON Web Key Set")
    return usable


def _usable(entry: Any) -> RSAPublicKey | None:
    """The key of an entry, if it can verify RS256 signatures. Certificates and URLs in the entry are ignored."""
    if not isinstance(entry, dict) or not isinstance(entry.get("kid"), str):
        return None
    if entry.get("kty") != "RSA" or entry.get("use", "sig") != "sig" or entry.get("alg", "RS256") != "RS256":
        return None
    try:
        key = RSAAlgorithm.from_jwk({name: entry[name] for name in ("kty", "n", "e")})
    except (InvalidKeyError, KeyError, TypeError, ValueError):
        return None
    return key if isinstance(key, RSAPublicKey) and LEAST_BITS <= key.key_size <= MOST_BITS else None
