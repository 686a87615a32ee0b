"""Which requests a cookie may authenticate, with the headers that browsers send in each situation."""

from collections.abc import Mapping

import pytest

from akako_guard import csrf
from akako_guard.tokens import InvalidToken, Reason

Headers = Mapping[str, str | list[str]]

HOST = "lms.example.com"
OWN = "https://lms.example.com"
EVIL = "https://evil.example"
PARTIES = ("https://lms.example.com", "chrome-extension://abcdefghijklmnop")
NAVIGATION = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


def decision(kind: str, headers: Headers | None = None, parties: tuple[str, ...] = ()) -> str | None:
    """The decision on a request with these headers: the required party, None, or the refusal with its reason."""
    fields = {"host": HOST, **(headers or {})}
    pairs = [
        (name.encode(), each.encode("latin-1"))
        for name, value in fields.items()
        for each in (value if isinstance(value, list) else [value])
    ]
    scope = {"type": "websocket"} if kind == "WebSocket" else {"type": "http", "method": kind}
    try:
        return csrf.required_party({**scope, "headers": pairs}, parties)
    except InvalidToken as refused:
        return f"refused: {refused.reason}"


WRONG, MISSING = (f"refused: {reason}" for reason in (Reason.ORIGIN_WRONG, Reason.ORIGIN_MISSING))
EVERY_KIND = ["GET", "HEAD", "POST", "DELETE", "WebSocket"]
UNSAFE_KINDS = ["POST", "PUT", "PATCH", "DELETE", "WebSocket", "TRACE", "CONNECT", "X-ODD"]


@pytest.mark.parametrize("kind", EVERY_KIND)
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": OWN},
        {"origin": OWN, "host": "lms.example.com:443"},
        {"origin": OWN, "host": "LMS.example.com"},
        {"origin": OWN, "sec-fetch-site": "same-origin"},
        {"origin": f"{OWN}:8443", "host": "lms.example.com:8443"},
        {"origin": "http://localhost:3000", "host": "localhost:3000", "sec-fetch-site": "same-origin"},
        {"origin": "http://10.0.0.7", "host": "10.0.0.7:80"},
        {"origin": "https://[::1]:8443", "host": "[::1]:8443"},
        # A proxy that rewrites Host, and a page with `Referrer-Policy: no-referrer`: the browser compares.
        {"origin": OWN, "host": "backend:8000", "sec-fetch-site": "same-origin"},
        {"origin": "null", "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
    ],
    ids=str,
)
def test_without_parties_cookies_are_accepted_from_the_same_origin(kind: str, headers: Headers) -> None:
    assert decision(kind, headers) is None


@pytest.mark.parametrize("kind", EVERY_KIND)
@pytest.mark.parametrize(
    "origin",
    [
        EVIL,
        "https://evil.lms.example.com",
        "https://lms.example.com.evil.example",
        "https://lms.example.com:8443",
        "http://lms.example.com:443",
        "capacitor://lms.example.com",
    ],
)
@pytest.mark.parametrize("site", ["cross-site", "same-site", None])
def test_without_parties_another_origin_needs_a_token_issued_for_it(kind: str, origin: str, site: str | None) -> None:
    fields = {"sec-fetch-site": site} if site else {}
    assert decision(kind, {"origin": origin, **fields}) == origin


def test_a_page_over_plain_http_is_not_same_origin_with_https() -> None:
    fields = {"origin": "http://lms.example.com", "sec-fetch-site": "cross-site"}
    assert decision("POST", fields) == "http://lms.example.com"


@pytest.mark.parametrize("kind", EVERY_KIND)
@pytest.mark.parametrize("parties", [(), PARTIES])
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "null"},
        {"origin": "null", "sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
        {"sec-fetch-site": "same-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "object"},
        {"sec-fetch-site": ["cross-site", "same-origin"]},
        {"sec-fetch-site": "Same-Origin"},
    ],
    ids=str,
)
def test_cookies_are_refused_from_other_sites(kind: str, parties: tuple[str, ...], headers: Headers) -> None:
    assert decision(kind, headers, parties) == WRONG


@pytest.mark.parametrize("parties", [(), PARTIES])
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_cross_site_navigation_is_accepted(parties: tuple[str, ...], site: str) -> None:
    link = {"sec-fetch-site": site, **NAVIGATION}
    assert decision("GET", link, parties) is decision("HEAD", link, parties) is None
    assert {decision(kind, link, parties) for kind in UNSAFE_KINDS} == {WRONG}


@pytest.mark.parametrize("parties", [(), PARTIES])
def test_with_neither_header_only_safe_methods_are_accepted(parties: tuple[str, ...]) -> None:
    assert {decision(kind, None, parties) for kind in ("GET", "HEAD", "OPTIONS")} == {None}
    assert {decision(kind, None, parties) for kind in UNSAFE_KINDS} == {MISSING}


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_with_parties_only_their_origins_are_accepted(kind: str) -> None:
    assert {decision(kind, {"origin": party}, PARTIES) for party in PARTIES} == {None}
    others = [EVIL, "null", "https://api.example.com", "http://lms.example.com", f"{OWN}, {OWN}"]
    assert {decision(kind, {"origin": origin}, PARTIES) for origin in others} == {WRONG}
    assert {decision(kind, {"origin": both}, PARTIES) for both in ([OWN, EVIL], [EVIL, OWN])} == {WRONG}


def test_a_request_without_host_is_not_same_origin() -> None:
    assert decision("GET", {"origin": "https://", "host": ""}) == "https://"
    assert decision("GET", {"origin": "", "host": ""}) == WRONG


def test_arbitrary_bytes_are_checked() -> None:
    every = bytes(range(1, 256)).decode("latin-1")
    names = ("origin", "host", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest")
    assert decision("GET", dict.fromkeys(names, every)) == every.strip()
