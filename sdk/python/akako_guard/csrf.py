"""CSRF protection: decides by `Origin` and `Sec-Fetch-*` whether cookies may authenticate a request.

Browsers attach cookies to requests caused by other sites: cross-site request forgery, and cross-site WebSockets, which
CORS does not restrict. A page cannot set `Origin` or `Sec-Fetch-*`; only the browser does.
"""

from collections.abc import Collection

from starlette.types import Scope

from akako_guard.origins import DEFAULT_PORTS
from akako_guard.tokens import InvalidToken, Reason

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_HEADERS = frozenset({b"origin", b"host", b"sec-fetch-site", b"sec-fetch-mode", b"sec-fetch-dest"})


def required_party(scope: Scope, parties: Collection[str]) -> str | None:
    """The `azp` that a token from a cookie must have to be accepted; None if any is accepted.

    Raises InvalidToken if cookies may not authenticate this request. Without parties, a page of another origin is
    accepted if the token was issued for that origin.
    """
    headers = _headers(scope)
    origin = headers.get(b"origin")
    if origin is None:
        _check_without_origin(scope, headers)
        return None
    if origin in parties or (not parties and _is_same_origin(origin, headers)):
        return None
    if parties or origin in ("", "null"):
        raise InvalidToken(Reason.ORIGIN_WRONG)
    return origin


def _headers(scope: Scope) -> dict[bytes, str]:
    """The relevant headers. The values of a repeated header are joined, so that they match no accepted value."""
    found: dict[bytes, str] = {}
    for name, value in scope["headers"]:
        if name in _HEADERS:
            text = value.decode("latin-1").strip()
            found[name] = f"{found[name]}, {text}" if name in found else text
    return found


def _check_without_origin(scope: Scope, headers: dict[bytes, str]) -> None:
    """Check a request without `Origin`, which browsers omit in same-origin GETs and in requests without CORS."""
    site = headers.get(b"sec-fetch-site")
    if site is None:
        # An old browser or no browser. Old browsers send Origin with unsafe requests and WebSockets.
        if not _is_safe(scope):
            raise InvalidToken(Reason.ORIGIN_MISSING)
    elif site not in ("same-origin", "none") and not _is_navigation(scope, headers):
        raise InvalidToken(Reason.ORIGIN_WRONG)


def _is_same_origin(origin: str, headers: dict[bytes, str]) -> bool:
    """Whether the page has the same origin as the request.

    The browser's own comparison (`Sec-Fetch-Site`) is valid behind any proxy. Otherwise the origin is compared with
    `Host`. Behind a proxy that terminates TLS the scheme of the request is unknown, so a page over plain http is
    accepted only if the browser sends no `Sec-Fetch-Site`: modern browsers send it to every https address.
    """
    site = headers.get(b"sec-fetch-site")
    if site == "same-origin":
        return True
    scheme, _, authority = origin.partition("://")
    host = headers.get(b"host", "").lower().removesuffix(f":{DEFAULT_PORTS.get(scheme)}")
    return bool(host) and host == authority and (scheme == "https" or (scheme == "http" and site is None))


def _is_safe(scope: Scope) -> bool:
    """Whether the method is safe; a WebSocket is unsafe, since its messages may change something."""
    return scope["type"] == "http" and scope["method"] in SAFE_METHODS


def _is_navigation(scope: Scope, headers: dict[bytes, str]) -> bool:
    """Whether the request is a top-level navigation, whose response is not readable by the page with the link."""
    navigates = headers.get(b"sec-fetch-mode") == "navigate" and headers.get(b"sec-fetch-dest") == "document"
    return _is_safe(scope) and navigates
