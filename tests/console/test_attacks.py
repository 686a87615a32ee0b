"""Attacks on the console by forged tokens, forms of other sites, hostile text, odd paths and odd forms.

Attacks that need raw requests are in test_raw_requests.py.
"""

import csv
import hashlib
import hmac
import io
import json
import re
import time
from collections.abc import Callable
from html.parser import HTMLParser
from urllib.parse import quote, urljoin, urlsplit

import pytest
from sqlalchemy import Engine

from akako_guard.role import Role
from console.forms import MOST_FIELDS
from console.routes import PAGES
from tests import people
from tests.clerk_sender import Clerk
from tests.clerk_signs_in import Instance, encoded
from tests.console.test_access import OPEN, SENT, filled
from tests.console.viewing import CONSOLE, View, Viewer
from tests.ledger import apply, change, keep, values

OWN = {"Origin": CONSOLE, "Sec-Fetch-Site": "same-origin"}
OTHER = Instance(key=1)
LINES = "select count(*) from audit_log where action <> 'access.refused'"


def hs256(real: Instance) -> str:
    """Algorithm confusion: the public key used as an HMAC secret."""
    claims = real.claims("user_admin", azp=CONSOLE)
    signed = f"{encoded({'alg': 'HS256', 'typ': 'JWT', 'kid': real.kid})}.{encoded(claims)}"
    return f"{signed}.{encoded(hmac.digest(real.pem.encode(), signed.encode(), hashlib.sha256))}"


def other_claims(real: Instance) -> str:
    """The signature of a learner's token with the claims of an admin."""
    header, _, signature = real.token("user_learner", azp=CONSOLE).split(".")
    return f"{header}.{encoded(real.claims('user_admin', azp=CONSOLE))}.{signature}"


TOKENS: dict[str, Callable[[Instance], str]] = {
    "unsigned": lambda real: (
        f"{encoded({'alg': 'none', 'kid': real.kid})}.{encoded(real.claims('user_admin', azp=CONSOLE))}."
    ),
    "HS256 with the public key": hs256,
    "signature of other claims": other_claims,
    "key of another instance": lambda _: OTHER.token("user_admin", azp=CONSOLE),
    "embedded key": lambda _: OTHER.token("user_admin", azp=CONSOLE, header={"jwk": OTHER.jwk()}),
    "expired": lambda real: real.token("user_admin", azp=CONSOLE, age=80),
    "not yet valid": lambda real: real.token("user_admin", azp=CONSOLE, nbf=int(time.time()) + 3_600),
    "without an end": lambda real: real.token("user_admin", azp=CONSOLE, exp=None),
    "wrong issuer": lambda real: real.token("user_admin", azp=CONSOLE, iss="https://evil.example.com"),
    "for the LMS": lambda real: real.token("user_admin"),
    "for no application": lambda real: real.token("user_admin", azp=None),
    "for a subdomain": lambda real: real.token("user_admin", azp=f"{CONSOLE}.evil.example.com"),
    "for another scheme": lambda real: real.token("user_admin", azp=CONSOLE.replace("https", "http")),
    "pending session": lambda real: real.token("user_admin", azp=CONSOLE, sts="pending"),
    "without a user": lambda real: real.token("user_admin", azp=CONSOLE, sub=None),
    "hostile user": lambda real: real.token("user_admin' or 1=1 --", azp=CONSOLE),
    "truncated": lambda real: real.token("user_admin", azp=CONSOLE)[:-9],
    "garbage": lambda _: "..",
}


@pytest.mark.parametrize("token", TOKENS)
def test_a_forged_or_outdated_token_opens_no_page_and_sends_no_form(
    admin: Viewer, engine: Engine, instance: Instance, token: str
) -> None:
    cookie = {"Cookie": f"__session={TOKENS[token](instance)}"}
    before = values(engine, LINES)

    shown = admin.client.get("/users", headers=cookie, follow_redirects=False)
    sent = admin.client.post(
        "/users/user_admin/roles", data={"role": "MENTOR", "until": "open", "reason": "Forged"}, headers=cookie | OWN
    )

    assert (shown.status_code, shown.headers["location"]) == (303, "/sign-in?next=%2Fusers")
    assert (sent.status_code, "Your session has expired" in sent.text) == (401, True)
    assert values(engine, LINES) == before


LOSSES = {
    "revoked": """update user_roles set is_active = false, effective_end_date = now()
        where role = 'ADMIN' and user_id = (select id from users where clerk_id = '{}')""",
    "banned": "update users set banned = true where clerk_id = '{}'",
    "deleted": """update users set deleted_at = now(), banned = false, claimed_email = null, email = null,
        first_name = null, last_name = null, username = null, image_url = null, external_id = null,
        clerk_created_at = null, clerk_updated_at = null where clerk_id = '{}'""",
}


@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize("loss", LOSSES)
def test_an_admin_who_lost_the_role_sees_and_changes_nothing(view: View, engine: Engine, loss: str) -> None:
    people.add(engine, f"user_{loss}", Role.ADMIN)
    lost = view(f"user_{loss}")
    assert lost.get("/users").status_code == 200

    change(engine, LOSSES[loss].format(lost.clerk_id))
    before = values(engine, LINES)
    answers = [lost.get(filled(path)) for method, path, _ in PAGES if method == "GET" and path not in OPEN]
    fields = {"role": "ADMIN", "until": "open", "reason": "I stay", "do": "discard", "status": "parked", "all": "true"}
    answers += [lost.post(filled(path), fields) for path in SENT]

    assert {each.status_code for each in answers} <= {303, 401, 403}
    assert all(each.headers["location"].startswith("/sign-in?") for each in answers if each.status_code == 303)
    assert values(engine, LINES) == before


CROSS_SITE: list[dict[str, str]] = [
    {"Origin": "https://evil.example.com", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://lms.example.com", "Sec-Fetch-Site": "same-site"},
    {"Origin": "null"},
    {"Origin": f"{CONSOLE}.evil.example.com"},
    {"Origin": CONSOLE.upper(), "Sec-Fetch-Site": "same-site"},
    {"Referer": f"{CONSOLE}/users"},
    {"Origin": CONSOLE, "Sec-Fetch-Site": "same-origin, cross-site"},
]


@pytest.mark.parametrize("path", [*SENT, *sorted({path for method, path, _ in PAGES if method == "POST"} & OPEN)])
def test_no_form_of_another_site_is_processed(admin: Viewer, engine: Engine, path: str) -> None:
    before = values(engine, LINES)
    fields = {"role": "MENTOR", "until": "open", "reason": "Cross-site", "do": "discard", "status": "parked"}

    answers = [
        admin.client.post(filled(path), data=fields, headers=admin.headers | headers, follow_redirects=False)
        for headers in CROSS_SITE
    ]

    assert [each.status_code for each in answers] == [403] * len(CROSS_SITE)
    assert not [each for each in answers if "set-cookie" in each.headers or "clear-site-data" in each.headers]
    assert values(engine, LINES) == before


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus=alert(1) x='",
    "</textarea></title></pre><svg onload=alert(1)>",
    "<!--<script>",
    "{{ 7 * 7 }}{% raw %}${7*7}",
    "javascript:alert(1)",
    "&lt;script&gt;&#60;script>",
    "\u202eadmin\u2066 \u200b",
    "\U0001f469\u200d\U0001f4bb" + "\u0301" * 40,
]
"""Names and reasons of a user who wants to run a script in the admin's browser."""


class Markup(HTMLParser):
    """What a browser finds in a page: scripts, handlers and addresses."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the templates never write."""
        for name, value in attrs:
            is_address = name in ("href", "src", "action", "formaction", "hx-get", "hx-post", "data-next")
            is_ours = re.match(r"/(?![/\\\\])|#|https://clerk\.example\.com/npm/", value or "") is not None
            if name.startswith("on") or name in ("style", "srcdoc", "autofocus") or (is_address and not is_ours):
                self.faults.append(f"{tag} {name}={value}")
        if tag in ("iframe", "object", "embed", "base", "img", "style", "math"):
            self.faults.append(tag)
        if tag == "script" and not dict(attrs).get("src"):
            self.faults.append("inline script")


@pytest.fixture(scope="module")
def hostile(engine: Engine, admin: Viewer) -> list[str]:
    """Pages that show what a hostile user wrote, to admins who look."""
    clerk = Clerk()
    paths = []
    for number, text in enumerate(HOSTILE):
        user = f"user_<b>'\"&{number}"
        sent = clerk.created(
            user, first_name=text, last_name=text, username=f"u{number}{text}"[:60], email=f"h{number}@example.com"
        )
        apply(engine, clerk, sent)
        odd = {"type": text, "object": "event", "data": {"id": user, "note": text}}
        keep(engine, clerk, clerk.send(json.dumps(odd).encode()), clerk.updated(user, updated_at=None))
        fields = {"role": "MENTOR", "until": "open", "reason": text}
        assert admin.post(f"/users/{quote(user, safe='')}/roles", fields).status_code == 303
        in_path = quote(user, safe="")
        paths += [
            f"/users?q={quote(text[:200])}",
            f"/users/{in_path}",
            f"/users/{in_path}/explain?role=MENTOR",
            f"/audit?user={in_path}",
            f"/audit?actor={quote(text)}&action={quote(text)}&cause={quote(text)}",
            f"/events/{sent.svix_id}",
            f"/events?user={in_path}&type={quote(text)}&error={quote(text)}",
            f"/events/replay?status=parked&error={quote(text)}",
            f"/events/replay?status=parked&did={quote(text)}&rest={quote(text)}&reason={quote(text)}&skipped={quote(text)}",
            f"/drift?user={in_path}&class={quote(text)}&did={quote(text)}&skipped={quote(text)}",
            f"/held?did={quote(text)}&skipped={quote(text)}&rest={quote(text)}",
            f"/roles/import?added={quote(text)}&present={quote(text)}&cause={quote(text)}",
            f"/find?q={quote(text)}%20x",
            f"/sign-in?next={quote(text)}",
            f"/nowhere/{quote(text, safe='')}",
        ]
    return paths


def test_hostile_text_stays_text_on_every_page(admin: Viewer, hostile: list[str]) -> None:
    for path in hostile:
        response = admin.get(path)
        assert response.status_code < 500, path
        assert (path, Markup(response.text).faults) == (path, [])


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_a_form_is_shown_as_text(admin: Viewer, view: View, text: str) -> None:
    fields = dict.fromkeys(("role", "until", "end", "start", "reason", "zone", "content", "format", "who", "do"), text)
    fields |= dict.fromkeys(("status", "type", "error", "clerk_id", "cursor", "total", "next", text), text)
    for viewer in (admin, view(None)):
        for path in SENT:
            response = viewer.post(filled(path), fields)
            assert response.status_code < 500, path
            assert (path, Markup(response.text).faults) == (path, [])


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "＝1+1"])
def test_an_exported_reason_is_no_formula(engine: Engine, admin: Viewer, start: str) -> None:
    user = f"user_csv_{start.encode().hex()}"
    people.add(engine, user)
    admin.post(f"/users/{user}/roles", {"role": "MENTOR", "until": "open", "reason": f"{start} for a test"})

    exported = csv.reader(io.StringIO(admin.get(f"/audit?user={user}&format=csv").text))

    cells = [cell for row in exported for cell in row if "for a test" in cell]
    assert not [cell for cell in cells if cell[0] in "=+-@\t\r＝"]


@pytest.mark.parametrize(
    "path",
    [
        "/users/..%2f..%2fhealthz",
        "/users/a%00b",
        "/users/%ff%fe",
        "/users/%F0%9F",
        "/users/user_admin%0d%0aSet-Cookie:%20a=b",
        "/users/" + "a" * 3_000,
        "/users/user_admin/roles/9999999999999999999999",
        "/users/user_admin/roles/1%00",
        "/users/user_admin/roles/-1",
        "/events/%00",
        "/events/..%2f",
        "/events/" + "m" * 3_000,
        "/drift/1e3",
        "/drift/%D9%A1",
        "/drift/" + "9" * 400,
        "/metrics",
        "/docs",
        "/openapi.json",
        "/api/admin/users",
        "/.env",
        "/.git/config",
    ],
)
def test_a_path_that_is_none_is_not_found(admin: Viewer, view: View, path: str) -> None:
    for viewer in (admin, view(None)):
        response = viewer.get(path)
        assert response.status_code in (303, 400, 404, 422), response.status_code
        assert not (viewer is admin and response.status_code == 303)
        assert "set-cookie" not in response.headers
        assert "Traceback" not in response.text


@pytest.mark.parametrize(
    "query",
    [
        "/users?q=%00",
        "/users?q=%ff",
        "/users?cursor=%00",
        "/users?cursor=..",
        "/users?limit=99999999999999999999",
        "/users?role=OWNER",
        "/users?nonsense=1",
        "/events?error=%00",
        "/events?status=x",
        "/events?since=0001-01-01T00:00&zone=Asia/Tokyo",
        "/events?until=9999-12-31T23:59&zone=America/New_York",
        "/audit?user=%00",
        "/audit?cause=%00&format=csv",
        "/audit?format=exe",
        "/drift?class=x",
        "/drift?ended=perhaps",
        "/held?cursor=x",
        "/find?q=%00",
        "/find?q=" + "a" * 2_000,
        "/events/replay?svix_id=%00",
        "/events/replay?status=parked&did=x&done=-1&total=%D9%A1&rest=%00",
        "/users/user_admin/explain?role=OWNER&at=%00",
        "/users/user_admin/explain?at=9999-12-31T23:59&zone=America/New_York",
        "/users?" + "&".join(f"a{number}=1" for number in range(3_000)),
    ],
)
def test_a_query_that_is_none_is_refused_and_never_a_fault(admin: Viewer, query: str) -> None:
    response = admin.get(query)
    assert response.status_code in (200, 400, 404, 413, 414, 422), response.text[:500]
    assert "Internal error" not in response.text


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"reason=" + b"x" * 70_000, FORM, 413),
        (b"&".join(b"a=1" for _ in range(MOST_FIELDS + 1)), FORM, 400),
        (b"reason=%ff%fe", FORM, 400),
        (b"reason=%ED%A0%80", FORM, 400),
        (b"reason=\xff", FORM, 400),
        (b'{"reason": "x"}', {"Content-Type": "application/json"}, 415),
        (b'{"reason": "x"}', {"Content-Type": "text/plain"}, 415),
        (b"reason=x", {"Content-Type": "multipart/form-data; boundary=x"}, 415),
        (b"reason=x", {}, 415),
        (b"role=MENTOR&until=open&reason=%00", FORM, 422),
        (b"role=MENTOR&until=open&reason=" + b"x" * 2_000, FORM, 422),
        (b"role=OWNER&until=open&reason=x", FORM, 422),
        (b"role=MENTOR&until=time&end=9999-12-31T23%3A59&reason=x&zone=America/New_York", FORM, 422),
        (b"role=MENTOR&until=open&start=0001-01-01T00%3A00&reason=x&zone=Asia/Tokyo", FORM, 422),
    ],
)
def test_a_body_that_is_no_form_is_refused(
    admin: Viewer, engine: Engine, content: bytes, headers: dict[str, str], status: int
) -> None:
    before = values(engine, LINES)
    response = admin.client.post("/users/user_admin/roles", content=content, headers=admin.headers | OWN | headers)
    assert response.status_code == status, response.text[:500]
    assert values(engine, LINES) == before


def test_a_large_form_of_an_expired_session_is_not_shown_again(view: View) -> None:
    response = view(None).post("/users/user_admin/roles", {"reason": "x" * 70_000})
    assert (response.status_code, len(response.content) < 10_000) == (413, True)


def test_the_first_of_two_fields_counts(admin: Viewer, engine: Engine) -> None:
    people.add(engine, "user_twice")
    content = b"role=MENTOR&role=ADMIN&until=open&reason=Twice"
    sent = admin.client.post(
        "/users/user_twice/roles", content=content, headers=admin.headers | OWN | FORM, follow_redirects=False
    )
    assert sent.status_code == 303
    assert values(engine, "select role from user_roles where reason = 'Twice'") == ["MENTOR"]


TARGETS = [
    "//evil.example.com",
    "///evil.example.com",
    "/\\evil.example.com",
    "\\\\evil.example.com",
    "https://evil.example.com",
    "https:evil.example.com",
    "HTTPS://console.example.com@evil.example.com",
    "/\t/evil.example.com",
    "/\n/evil.example.com",
    "\t//evil.example.com",
    " //evil.example.com",
    "/%09/evil.example.com",
    "/..//evil.example.com",
    "/.//evil.example.com",
    "javascript:alert(1)",
    "data:text/html,x",
    "/users\r\nSet-Cookie: a=b",
    "evil.example.com",
    "/sign-out",
    "/sign-in?next=//evil.example.com",
    "\u2028//evil.example.com",
    "/\u2215evil.example.com",
]


def leads_to(location: str) -> tuple[str, str]:
    """The origin and path that a browser opens: it drops tabs and line ends, and reads a backslash as a slash."""
    cleaned = location.strip().translate({9: None, 10: None, 13: None}).replace("\\", "/")
    found = urlsplit(urljoin(f"{CONSOLE}/sign-in", cleaned))
    return f"{found.scheme}://{found.netloc}", found.path


@pytest.mark.parametrize("target", TARGETS)
def test_signing_in_and_choosing_a_zone_lead_to_pages_of_the_console_only(
    admin: Viewer, view: View, target: str
) -> None:
    moved = admin.post("/zone", {"zone": "UTC", "next": target})
    page = view(None).get(f"/sign-in?next={quote(target, safe='')}").text
    found = Next(page)

    assert moved.status_code == 303
    for location in (moved.headers["location"], *found.targets):
        origin, path = leads_to(location)
        assert (origin, path not in ("/sign-in", "/sign-out")) == (CONSOLE, True)
    assert found.targets
    assert "set-cookie" not in view(None).get(f"/sign-in?next={quote(target, safe='')}").headers


class Next(HTMLParser):
    """The addresses to which the sign-in page leads."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note where the page leads."""
        found = dict(attrs)
        if tag in ("p", "a") and found.get("id") in ("session", "continue"):
            self.targets.append(found.get("data-next") or found.get("href") or "")
