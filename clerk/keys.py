"""The public keys that verify session tokens: where they come from, and which of them can be used at all."""

from concurrent.futures import Future
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt import InvalidKeyError
from jwt.algorithms import RSAAlgorithm

from clerk import json

LEAST_BITS = 2_048
MOST_BITS = 8_192
MOST_KEYS = 32


class Keys(Protocol):
    """The keys of one issuer. A `kid` means nothing beside its issuer: Clerk's is the instance's id."""

    def find(self, kid: str) -> RSAPublicKey | None:
        """The key of this name, if it is at hand; never waits."""

    def refresh(self) -> "Future[None] | None":
        """Something that is done when newer keys were asked for; None if there is nothing to wait for."""

    @property
    def ready(self) -> bool:
        """Whether any key is at hand, so that a token of an unknown one can be judged."""

    def close(self) -> None:
        """Stop whatever works in the background."""


class PinnedKey:
    """The one key in the settings, whatever its name: no network, and nothing newer to hope for."""

    ready = True

    def __init__(self, pem: str) -> None:
        key = load_pem_public_key(pem.encode())
        if not isinstance(key, RSAPublicKey):
            raise ValueError("not the PEM of an RSA public key")
        self._key = key

    def find(self, kid: str) -> RSAPublicKey | None:  # noqa: ARG002 - a PEM has no name to compare
        """The key."""
        return self._key

    def refresh(self) -> Future[None] | None:
        """Nothing to wait for."""
        return None

    def close(self) -> None:
        """Nothing to stop."""


def read(body: bytes) -> dict[str, RSAPublicKey]:
    """The usable keys of a JSON Web Key Set by name; others are passed over. Raises ValueError if there is none."""
    said = json.loads(body)
    entries = said.get("keys") if isinstance(said, dict) else None
    if not isinstance(entries, list):
        raise ValueError("not a key set")
    usable = {entry["kid"]: key for entry in entries[:MOST_KEYS] if (key := _usable(entry)) is not None}
    if not usable:
        raise ValueError("no usable key in the set")
    return usable


def _usable(entry: Any) -> RSAPublicKey | None:
    """The key of an entry that may verify RS256 signatures. Only its numbers are read: no certificate, no address."""
    if not isinstance(entry, dict) or not isinstance(entry.get("kid"), str):
        return None
    if entry.get("kty") != "RSA" or entry.get("use", "sig") != "sig" or entry.get("alg", "RS256") != "RS256":
        return None
    try:
        key = RSAAlgorithm.from_jwk({name: entry[name] for name in ("kty", "n", "e")})
    except (InvalidKeyError, KeyError, TypeError, ValueError):
        return None
    return key if isinstance(key, RSAPublicKey) and LEAST_BITS <= key.key_size <= MOST_BITS else None
