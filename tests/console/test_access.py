"""Who may see pages and send forms, and what becomes of others."""

import pytest
from sqlalchemy import Engine

from console import sign_in
from console.page import SIGN_IN
from console.routes import PAGES
from tests.console.viewing import CONSOLE, View, Viewer
from tests.ledger import values

OPEN = {SIGN_IN, "/sign-out", "/zone"}
GUARDED = [path for method, path, _ in PAGES if method == "GET" and path not in OPEN]


def filled(path: str) -> str:
    """The path with a value for each parameter."""
    for name in ("{clerk_id}", "{svix_id}", "{id}", "{drift_id}"):
        path = path.replace(name, "1" if name in ("{id}", "{drift_id}") else "user_admin")
    return path


@pytest.mark.parametrize("path", GUARDED)
def test_a_page_leads_to_the_sign_in_page_without_a_session_and_back(view: View, path: str) -> None:
    response = view(None).get(filled(path))
    assert response.status_code == 303
    assert response.headers["location"].startswith("/sign-in?next=%2F")


@pytest.mark.parametrize("path", GUARDED)
def test_a_learner_sees_no_page(learner: Viewer, path: str) -> None:
    response = learner.get(filled(path))
    assert response.status_code == 403
    assert "not hold the role ADMIN" in response.text


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
