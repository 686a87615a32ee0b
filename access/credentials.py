"""Finds the tokens in a request: `Authorization: Bearer`, or else the cookies that Clerk keeps its session in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from clerk.tokens import Reason, Refused

SESSION_COOKIE = "__session"
CLIENT_COOKIE = "__client_uat"
"""When the browser's sign-ins last changed (seconds since 1970); 0 while nobody is signed in. Set by Clerk."""
MOST_COOKIES = 8
"""A browser may hold the cookies of several Clerk instances; so many are tried at most."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request brings to show who is calling."""

    tokens: tuple[str, ...] = ()
    from_cookie: bool = False
    """The browser sent it by itself, perhaps at the wish of a page that is not ours."""
    earliest: Mapping[str, int] = field(default_factory=dict)
    """For tokens from cookies: the `iat` before which a token is outdated, if the browser says so."""


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
        raise Refused(Reason.AUTHORIZATION_REPEATED)
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
    sessions: dict[str, set[str]] = {}
    changes: dict[str, list[int]] = {}
    for cookie in cookies:
        for pair in cookie.split(";"):
            name, _, value = pair.strip().partition("=")
            if name.startswith(SESSION_COOKIE):
                if value and _is_suffix(suffix := name.removeprefix(SESSION_COOKIE)):
                    sessions.setdefault(value, set()).add(suffix)
            elif name.startswith(CLIENT_COOKIE) and _is_suffix(suffix := name.removeprefix(CLIENT_COOKIE)):
                changes.setdefault(suffix, []).append(_seconds(value))
    earliest: dict[str, int] = {}
    for token in list(sessions)[:MOST_COOKIES]:
        changed = _changed(sessions[token], changes)
        if all(changed):
            earliest[token] = max(changed, default=0)
    if sessions and not earliest:
        raise Refused(Reason.SIGNED_OUT)
    return Credentials(tuple(earliest), from_cookie=True, earliest=earliest)


def _is_suffix(text: str) -> bool:
    """Whether the rest of a cookie's name is empty or `_<suffix>`, which Clerk derives from the publishable key."""
    return not text or text.startswith("_")


def _changed(suffixes: set[str], changes: Mapping[str, list[int]]) -> list[int]:
    """What Clerk's cookies say about the client that a session cookie belongs to; empty if they are absent.

    The pair with a suffix decides: several instances on one domain overwrite each other's cookies without a suffix.
    """
    named = [suffix for suffix in suffixes if suffix in changes and suffix]
    return [seconds for suffix in named or [""] for seconds in changes.get(suffix, [])]


def _seconds(value: str) -> int:
    """The seconds in `__client_uat`; what is not a number is read as 0, as Clerk's SDKs do."""
    return int(value) if value.isascii() and value.isdecimal() and len(value) <= 12 else 0
