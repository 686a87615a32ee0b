"""Decides whether cookies may authenticate a request, from what the browser says about the page that caused it.

Browsers attach cookies to requests that other sites cause: cross-site request forgery, and WebSockets opened by other
sites, which CORS does not restrict. Pages can set neither `Origin` nor `Sec-Fetch-*`; the browser does.
"""

from collections.abc import Collection

from starlette.types import Scope

from clerk.tokens import InvalidToken, Reason
from config.origins import DEFAULT_PORTS

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_HEADERS = frozenset({b"origin", b"host", b"sec-fetch-site", b"sec-fetch-mode", b"sec-fetch-dest"})


def required_party(scope: Scope, parties: Collection[str]) -> str | None:
    """The `azp` that a token from a cookie must have to count; None if any will do.

    Raises Refused if no cookie may count. Without parties, a page of another origin counts if it is the one that the
    token was made for.
    """
    said = _said(scope)
    origin = said.get(b"origin")
    if origin is None:
        _judge_without_origin(scope, said)
        return None
    if origin in parties or (not parties and _is_own(origin, said)):
        return None
    if parties or origin in ("", "null"):
        raise InvalidToken(Reason.ORIGIN_WRONG)
    return origin


def _said(scope: Scope) -> dict[bytes, str]:
    """The headers that matter here; one that is repeated has both values, and so none that is known."""
    said: dict[bytes, str] = {}
    for name, value in scope["headers"]:
        if name in _HEADERS:
            text = value.decode("latin-1").strip()
            said[name] = f"{said[name]}, {text}" if name in said else text
    return said


def _judge_without_origin(scope: Scope, said: dict[bytes, str]) -> None:
    """Browsers leave `Origin` out of same-origin GETs, and of everything that is not fetched with CORS."""
    site = said.get(b"sec-fetch-site")
    if site is None:
        # An old browser, or no browser. Old ones send Origin with unsafe requests and WebSockets.
        if not _is_safe(scope):
            raise InvalidToken(Reason.ORIGIN_MISSING)
    elif site not in ("same-origin", "none") and not _is_navigation(scope, said):
        raise InvalidToken(Reason.ORIGIN_WRONG)


def _is_own(origin: str, said: dict[bytes, str]) -> bool:
    """Whether the page has the origin of the request itself.

    The browser's own comparison holds behind every proxy. Otherwise the origin is compared with `Host`. The scheme of
    the request is unknown behind a proxy that terminates TLS, so that a page over plain http counts only where the
    browser compares nothing: modern ones send `Sec-Fetch-Site` to every https address.
    """
    site = said.get(b"sec-fetch-site")
    if site == "same-origin":
        return True
    scheme, _, authority = origin.partition("://")
    host = said.get(b"host", "").lower().removesuffix(f":{DEFAULT_PORTS.get(scheme)}")
    return bool(host) and host == authority and (scheme == "https" or (scheme == "http" and site is None))


def _is_safe(scope: Scope) -> bool:
    """Whether the request only reads; a WebSocket does whatever its messages say."""
    return scope["type"] == "http" and scope["method"] in SAFE_METHODS


def _is_navigation(scope: Scope, said: dict[bytes, str]) -> bool:
    """Whether the user follows a link in a tab or window: nothing of the answer reaches the page with the link."""
    return _is_safe(scope) and said.get(b"sec-fetch-mode") == "navigate" and said.get(b"sec-fetch-dest") == "document"
