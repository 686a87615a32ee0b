"""Extracts session tokens from a request: from `Authorization: Bearer`, or else from Clerk's session cookies."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from akako_guard.tokens import InvalidToken, Reason

SESSION_COOKIE = "__session"
CLIENT_COOKIE = "__client_uat"
"""Set by Clerk: the time of the browser's last sign-in or sign-out (seconds since 1970); 0 while signed out."""
MOST_COOKIES = 8
"""How many session cookies are tried at most: a browser may have cookies of several Clerk instances."""

# `<suffix>` is derived from the publishable key of the Clerk instance.
_COOKIE = re.compile(rf"(?:^|;)[ \t]*({SESSION_COOKIE}|{CLIENT_COOKIE})(_[^=;]*|)=([^;]*)")


@dataclass(frozen=True, slots=True)
class Credentials:
    """The session tokens of a request."""

    tokens: tuple[str, ...] = ()
    earliest: Mapping[str, int] | None = None
    """For tokens from cookies: the `iat` before which each token is outdated; 0 if unknown. Otherwise None."""

    @property
    def from_cookie(self) -> bool:
        """Whether the browser attached the tokens automatically, possibly for a page of another site."""
        return self.earliest is not None


def find(headers: Iterable[tuple[bytes, bytes]]) -> Credentials:
    """The credentials in a request's headers (lowercase names).

    Raises InvalidToken if `Authorization` is repeated, or if every session cookie belongs to a signed-out client.
    """
    authorizations: list[str] = []
    cookies: list[str] = []
    for name, value in headers:
        if name == b"authorization":
            authorizations.append(value.decode("latin-1"))
        elif name == b"cookie":
            cookies.append(value.decode("latin-1"))
    if len(authorizations) > 1:
        # A proxy may have made its decision by the other header.
        raise InvalidToken(Reason.AUTHORIZATION_REPEATED)
    bearer = _bearer(authorizations[0]) if authorizations else None
    if bearer is not None:
        return Credentials((bearer,))
    return _from_cookies(cookies)


def _bearer(authorization: str) -> str | None:
    """The bearer token, or None for another authentication scheme."""
    scheme, _, token = authorization.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _from_cookies(cookies: Iterable[str]) -> Credentials:
    """The values of `__session` and `__session_<suffix>`, without those that are signed out by `__client_uat`."""
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
    """The `__client_uat` values for a session cookie; empty if there are none.

    Cookies with a suffix take precedence: instances on one domain overwrite each other's cookies without a suffix.
    """
    named = [seconds for suffix in suffixes if suffix for seconds in changes.get(suffix, ())]
    return named or changes.get("", [])


def _seconds(value: str) -> int:
    """The number of seconds in `__client_uat`; anything but a number counts as 0, as in Clerk's SDKs."""
    return int(value) if value.isascii() and value.isdecimal() and len(value) <= 12 else 0
