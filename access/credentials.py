"""Finds the tokens in a request: `Authorization: Bearer`, or else the cookies that Clerk keeps its session in."""

from collections.abc import Iterable
from dataclasses import dataclass

from clerk.tokens import Reason, Refused

COOKIE = "__session"
MOST_COOKIES = 8
"""A browser may hold the cookies of several Clerk instances; so many are tried at most."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request brings to show who is calling."""

    tokens: tuple[str, ...] = ()
    from_cookie: bool = False
    """The browser sent it by itself, perhaps at the wish of a page that is not ours."""
    origin: str | None = None
    """The page that a browser says is asking."""


def find(headers: Iterable[tuple[bytes, bytes]]) -> Credentials:
    """The credentials in a request's headers (names in lower case). Raises Refused if they contradict each other."""
    authorizations: list[str] = []
    cookies: list[str] = []
    origin: str | None = None
    for name, value in headers:
        if name == b"authorization":
            authorizations.append(value.decode("latin-1"))
        elif name == b"cookie":
            cookies.append(value.decode("latin-1"))
        elif name == b"origin":
            origin = value.decode("latin-1")
    if len(authorizations) > 1:
        # Whoever stands between may have judged by the other one.
        raise Refused(Reason.AUTHORIZATION_REPEATED)
    bearer = _bearer(authorizations[0]) if authorizations else None
    if bearer is not None:
        return Credentials((bearer,), from_cookie=False, origin=origin)
    return Credentials(_sessions(cookies), from_cookie=True, origin=origin)


def _bearer(authorization: str) -> str | None:
    """The token, or None for another scheme, which is not ours to judge."""
    scheme, _, token = authorization.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _sessions(cookies: Iterable[str]) -> tuple[str, ...]:
    """The values of `__session` and `__session_<hash>`."""
    pairs = (pair.strip().partition("=") for cookie in cookies for pair in cookie.split(";"))
    found = [value for name, _, value in pairs if value and (name == COOKIE or name.startswith(COOKIE + "_"))]
    return tuple(dict.fromkeys(found))[:MOST_COOKIES]
