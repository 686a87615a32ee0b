"""Who may see pages and send forms, and what becomes of others."""

import pytest
from sqlalchemy import Engine

from console import sign_in
from console.page import SIGN_IN
from console.routes import PAGES
from tests.console.viewing import CONSOLE, View, Viewer
from tests.ledger import values

REFUSED = "access.refused"
OPEN = {SIGN_IN, "/sign-out", "/zone"}
"""Need no session. Any other route is refused without ADMIN, and so is a new one."""
VALUES = {"{clerk_id}": "user_admin", "{svix_id}": "msg_1", "{id}": "1", "{drift_id}": "1"}
SHOWN = [path for method, path, _ in PAGES if method == "GET" and path not in OPEN] + [
    "/events/replay?svix_id=msg_1",
    "/events/replay?svix_id=msg_1&did=discard",
    "/events/replay?status=parked",
    "/events/replay?status=parked&did=discard&rest=x",
    "/held?did=release",
    "/drift?did=repair",
    "/drift?class=nothing",
    "/audit?format=csv",
    "/find?q=1",
    "/find?q=user_admin",
    "/find?q=ada%40example.com",
    "/roles/import?cause=req_1",
    "/users/user_admin/explain?role=MENTOR&at=never",
]
SENT = [path for method, path, _ in PAGES if method == "POST" and path not in OPEN]
FORMS: list[dict[str, str]] = [
    {"reason": ""},
    {"do": "replay", "reason": "Because.", "svix_id": "msg_1", "all": "true", "until": "open", "role": "ADMIN"},
    {"do": "preview", "since": "never", "until": "30", "content": "who,role", "action": "import"},
]


def filled(path: str) -> str:
    """The path with a value for each parameter."""
    for name, value in VALUES.items():
        path = path.replace(name, value)
    return path


@pytest.mark.parametrize("path", SHOWN)
def test_a_page_leads_to_the_sign_in_page_without_a_session_and_back(view: View, path: str) -> None:
    response = view(None).get(filled(path))
    assert response.status_code == 303
    assert response.headers["location"].startswith("/sign-in?next=%2F")


@pytest.mark.parametrize("path", SHOWN)
def test_a_learner_sees_no_page(learner: Viewer, path: str) -> None:
    response = learner.get(filled(path))
    assert response.status_code == 403
    assert "not hold the role ADMIN" in response.text


@pytest.mark.parametrize("fields", FORMS)
@pytest.mark.parametrize("path", SENT)
def test_a_form_without_a_session_leads_to_the_sign_in_page(view: View, path: str, fields: dict[str, str]) -> None:
    response = view(None).post(filled(path), fields)
    assert response.status_code == 401
    assert "Your session has expired" in response.text
    assert 'href="/sign-in?next=/"' in response.text


@pytest.mark.parametrize("fields", FORMS)
@pytest.mark.parametrize("path", SENT)
def test_a_form_of_a_learner_is_refused(learner: Viewer, engine: Engine, path: str, fields: dict[str, str]) -> None:
    response = learner.post(filled(path), fields)
    assert response.status_code == 403
    assert "not hold the role ADMIN" in response.text
    assert values(engine, "select action from audit_log where actor = 'user_learner' and action <> %s", REFUSED) == []


def test_no_route_is_open_but_those_that_need_no_session() -> None:
    assert {path for _, path, _ in PAGES if path not in (*SHOWN, *SENT)} == OPEN


def test_a_refused_viewer_leaves_a_line_in_the_trail(learner: Viewer, engine: Engine) -> None:
    learner.get("/users")
    assert values(engine, "select clerk_user_id from audit_log where action = 'access.refused'") == ["user_learner"]


def test_an_admin_sees_the_page(admin: Viewer) -> None:
    response = admin.get("/users")
    assert response.status_code == 200
    assert "user_admin" in response.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example.com", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://lms.example.com", "Sec-Fetch-Site": "same-site"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": CONSOLE, "Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example.com", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example.com"},
        {},
    ],
)
def test_a_form_of_another_page_is_refused(admin: Viewer, headers: dict[str, str]) -> None:
    response = admin.client.post("/zone", data={"zone": "Asia/Tokyo"}, headers=admin.headers | headers)
    assert (response.status_code, response.headers.get("set-cookie")) == (403, None)


def test_a_form_that_arrives_after_the_session_is_offered_again(view: View) -> None:
    fields = {"role": "MENTOR", "reason": 'Spring "cohort" <b>'}
    response = view(None).post("/users/user_admin/roles", fields)
    assert response.status_code in (401, 404)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("/users?q=ada", "/users?q=ada"),
        ("//evil.example.com", "/"),
        ("/\\evil.example.com", "/"),
        ("https://evil.example.com", "/"),
        ("javascript:alert(1)", "/"),
        ("/\tevil", "/"),
        ("/sign-in?next=/", "/"),
        ("", "/"),
    ],
)
def test_signing_in_leads_only_to_pages_of_the_console(given: str, path: str) -> None:
    assert sign_in.safe_path(given) == path


def test_every_response_carries_the_policy(admin: Viewer, view: View) -> None:
    for response in (
        admin.get("/users"),
        view(None).get("/sign-in"),
        view(None).get("/nowhere"),
        admin.get("/healthz"),
    ):
        policy = response.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"
