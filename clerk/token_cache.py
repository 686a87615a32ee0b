"""Tokens that were opened already: a browser sends the same one with each request until it ends."""

from collections import OrderedDict
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from clerk.session import Session

MOST = 8_192
"""About 5 MB. Each takes a signature of Clerk's, so that a stranger cannot fill it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedToken:
    """What a token was found to be; true for as long as its key stands and its times have not passed."""

    session: Session
    kid: str
    key: RSAPublicKey
    begins: int
    """Seconds since 1970."""
    ends: int


class TokenCache:
    """The last few that were opened, by the digest of the whole token. What was refused is never here."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._opened: OrderedDict[bytes, CachedToken] = OrderedDict()

    def __len__(self) -> int:
        return len(self._opened)

    def find(self, digest: bytes) -> CachedToken | None:
        """What this token was found to be."""
        return self._opened.get(digest)

    def put(self, digest: bytes, opened: CachedToken) -> None:
        """Remember one; the one that was put here first makes room."""
        self._opened[digest] = opened
        if len(self._opened) > self._most:
            self._opened.popitem(last=False)

    def drop(self, digest: bytes) -> None:
        """Forget one, if it is here."""
        self._opened.pop(digest, None)
