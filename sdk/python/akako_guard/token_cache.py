"""Cache of verified session tokens: a browser sends the same token with each request until it expires."""

from collections import OrderedDict
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from akako_guard.session import Session

MOST = 8_192
"""About 5 MB. Only tokens signed by Clerk are cached, so an untrusted client cannot fill the cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedToken:
    """The result of verifying a token; valid while the same key is in use and until the token expires."""

    session: Session
    kid: str
    key: RSAPublicKey
    valid_from: int
    """Seconds since 1970."""
    expires: int
    """Seconds since 1970."""


class TokenCache:
    """Recently verified tokens by the SHA-256 of the whole token. Refused tokens are never cached."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._tokens: OrderedDict[bytes, CachedToken] = OrderedDict()

    def __len__(self) -> int:
        return len(self._tokens)

    def find(self, digest: bytes) -> CachedToken | None:
        """The cached result for this token."""
        return self._tokens.get(digest)

    def put(self, digest: bytes, token: CachedToken) -> None:
        """Add a token; evict the oldest one if the cache is full."""
        self._tokens[digest] = token
        if len(self._tokens) > self._most:
            self._tokens.popitem(last=False)

    def drop(self, digest: bytes) -> None:
        """Remove a token, if it is cached."""
        self._tokens.pop(digest, None)
