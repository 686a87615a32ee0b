"""Finds the tokens in a request: `Authorization: Bearer`, or else the cookies that Clerk keeps its session in."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from clerk.tokens import InvalidToken, Reason

SESSION_COOKIE = "__session"
CLIENT_COOKIE = "__client_uat"
"""When the browser's sign-ins last changed (seconds since 1970); 0 while nobody is signed in. Set by Clerk."""
MOST_COOKIES = 8
"""A browser may hold the cookies of several Clerk instances; so many are tried at most."""

# `<suffix>` is derived from the publishable key of the Clerk instance.
_COOKIE = re.compile(rf"(?:^|;)[ \t]*({SESSION_COOKIE}|{CLIENT_COOKIE})(_[^=;]*|)=([^;]*)")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request brings to show who is calling."""

    tokens: tuple[str, ...] = ()
    earliest: Mapping[str, int] | None = None
    """For tokens from cookies: the `iat` before which each is outdated, 0 if the browser does not say. Else None."""

    @property
    def from_cookie(self) -> bool:
        """Whether the browser sent it by itself, perhaps because of a page of another site."""
        return self.earliest is not None


def find(headers: Iterable[tuple[bytes, bytes]]) -> Credentials:
    """The credentials in a request's headers (names in lower case).

    Raises Refused if they contradict each other, or if every session cookie belongs to a signed-out client.
    """
    authorizations: list[str] = []
    cookies: list[str] = []
    for name, value in headers:
        if name == b"authorization":
            authorizations.append(value.decode("latin-1"))
        elif name == b"cookie":
            cookies.append(value.decode("latin-1"))
    if len(authorizations) > 1:
        # Whoever stands between may have judged by the other one.
        raise InvalidToken(Reason.AUTHORIZATION_REPEATED)
    bearer = _bearer(authorizations[0]) if authorizations else None
    if bearer is not None:
        return Credentials((bearer,))
    return _from_cookies(cookies)


def _bearer(authorization: str) -> str | None:
    """The token, or None for another scheme, which is not ours to judge."""
    scheme, _, token = authorization.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _from_cookies(cookies: Iterable[str]) -> Credentials:
    """The values of `__session` and `__session_<suffix>`, without those that `__client_uat` says are signed out."""
    sessions: dict[str, list[str]] = {}
    changes: dict[str, list[int]] = {}
    for cookie in cookies:
        for name, suffix, value in _COOKIE.findall(cookie):
            if name == CLIENT_COOKIE:
                changes.setdefault(suffix, []).append(_seconds(value.rstrip()))
            elif value := value.rstrip():
                sessions.setdefault(value, []).append(suffix)
    earliest: dict[str, int] = {}
    for token, suffixes in islice(sessions.items(), MOST_COOKIES):
        changed = _changed(suffixes, changes)
        if all(changed):
            earliest[token] = max(changed, default=0)
    if sessions and not earliest:
        raise InvalidToken(Reason.SIGNED_OUT)
    return Credentials(tuple(earliest), earliest)


def _changed(suffixes: list[str], changes: Mapping[str, list[int]]) -> list[int]:
    """What Clerk's cookies say about the client that a session cookie belongs to; empty if they are absent.

    The pair with a suffix decides: several instances on one domain overwrite each other's cookies without a suffix.
    """
    named = [seconds for suffix in suffixes if suffix for seconds in changes.get(suffix, ())]
    return named or changes.get("", [])


def _seconds(value: str) -> int:
    """The seconds in `__client_uat`; what is not a number is read as 0, as Clerk's SDKs do."""
    return int(value) if value.isascii() and value.isdecimal() and len(value) <= 12 else 0
