import json

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from api import errors
from api.application import build
from api.envelope import Envelope
from config.settings import ApiSettings
from tests import people
from tests.api.asking import Person, SignIn
from tests.ledger import rows

PROBLEM = {"error", "message", "request_id"}


@pytest.mark.parametrize("path", ["/api/user/profile", "/api/nowhere", "/api/openapi.json", "/healthz"])
def test_every_response_has_a_request_id_and_security_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers

    assert headers["X-Request-Id"].startswith("req_")
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_an_unhandled_exception_gets_the_usual_error_response() -> None:
    async def broken(_: Request) -> Response:
        raise ZeroDivisionError

    app = Starlette(routes=[Route("/", broken)], exception_handlers={Exception: errors.handle_exception})
    answer = TestClient(Envelope(app), raise_server_exceptions=False).get("/")

    assert (answer.status_code, set(answer.json())) == (500, PROBLEM)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.json()["request_id"] == answer.headers["X-Request-Id"]


def test_a_request_id_from_the_client_is_ignored(client: TestClient) -> None:
    assert client.get("/healthz", headers={"X-Request-Id": "msg_1"}).headers["X-Request-Id"] != "msg_1"


def test_an_unknown_path_gets_the_usual_error_response(client: TestClient) -> None:
    answer = client.get("/api/nowhere")

    assert (answer.status_code, set(answer.json())) == (404, PROBLEM)
    assert answer.json()["request_id"] == answer.headers["X-Request-Id"]


def test_a_trailing_slash_is_never_redirected_to_another_host(client: TestClient) -> None:
    answer = client.get("/api/user/profile/", headers={"Host": "elsewhere.example.com"}, follow_redirects=False)

    assert (answer.status_code, "Location" in answer.headers) == (404, False)


@pytest.mark.parametrize("number", ["9" * 5_000, "9" * 19, "-1", "one", "²"])
def test_a_number_that_no_assignment_has_is_not_found(admin: Person, number: str) -> None:
    answer = admin.delete(f"/api/admin/users/user_admin/roles/{number}", reason="It ends.")

    assert (answer.status_code, answer.json()["error"]) == (404, "assignment_unknown")


def test_an_unsupported_method_is_refused_with_all_supported_ones(client: TestClient) -> None:
    answer = client.put("/api/admin/users/user_ada/roles/1")

    assert (answer.status_code, set(answer.json())) == (405, PROBLEM)
    assert set(answer.headers["Allow"].split(", ")) == {"PATCH", "DELETE"}


def test_a_body_that_is_too_large_is_refused_unread(admin: Person) -> None:
    answer = admin.post("/api/admin/users/user_admin/roles", role="MENTOR", reason="x" * 70_000)

    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")


def test_a_chunked_body_that_is_too_large_is_refused(admin: Person) -> None:
    pieces = (b" " * 10_000 for _ in range(10))

    answer = admin.client.post(
        "/api/admin/users/user_admin/roles",
        content=pieces,
        headers=admin.headers | {"Content-Type": "application/json"},
    )

    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")


def test_a_body_that_needs_no_cors_preflight_is_refused(admin: Person) -> None:
    answer = admin.client.post(
        "/api/admin/users/user_admin/roles",
        content=json.dumps({"role": "MENTOR", "reason": "Mine."}),
        headers=admin.headers | {"Content-Type": "text/plain"},
    )

    assert (answer.status_code, answer.json()["error"]) == (415, "not_json")


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"role": "MENTOR"}, "reason"),
        ({"role": "MENTOR", "reason": "  "}, "reason"),
        ({"role": "MENTOR", "reason": "a\x00b"}, "reason: give a reason without line breaks"),
        ({"role": "MENTOR", "reason": "x" * 1_001}, "reason: give a reason of at most 1,000 characters"),
        ({"role": "MENTOR", "reason": "Why.", "notes": "x" * 4_001}, "notes: give notes of at most 4,000 characters"),
        ({"role": "MENTOR", "reason": "Why.", "end": "2027-01-01T24:00:00Z"}, "end: write midnight as 00:00:00"),
        ({"role": "MENTOR", "reason": "Why.", "end": "2027-01-01T08:00:00.123456789Z"}, "end: give at most six digits"),
        ({"role": "MENTOR", "reason": "Why.", "end": "9999-12-31T23:59:59-05:00"}, "before the year 9000"),
        ({"role": "OWNER", "reason": "Why."}, "role"),
        ({"role": "MENTOR", "reason": "Why.", "start": "2026-09-01T08:00:00"}, "start"),
        ({"role": "MENTOR", "reason": "Why.", "start": 1_790_000_000}, "start"),
        ({"role": "MENTOR", "reason": "Why.", "end": "0001-01-01T00:00:00+23:59"}, "end"),
        ({"role": "MENTOR", "reason": "Why.", "end": "2026-02-30T00:00:00Z"}, "end"),
        ({"role": "MENTOR", "reason": "Why.", "start": "2027-01-02T00:00:00Z", "end": "2027-01-01T00:00:00Z"}, "end"),
        ({"role": "MENTOR", "reason": "Why.", "colour": "red"}, "colour"),
    ],
)
def test_an_invalid_body_is_refused_with_the_name_of_the_field(
    admin: Person, body: dict[str, object], complaint: str
) -> None:
    answer = admin.post("/api/admin/users/user_admin/roles", **body)

    assert (answer.status_code, answer.json()["error"]) == (422, "invalid")
    assert complaint in answer.json()["message"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=9999", "limit=5&limit=5", "cursor=x", "cursor=YXVkaXQ6MQ", "page=2"]
)
def test_an_invalid_query_is_refused(admin: Person, query: str) -> None:
    answer = admin.client.get(f"/api/admin/users?{query}", headers=admin.headers)

    assert (answer.status_code, answer.json()["error"]) == (422, "invalid")


@pytest.mark.parametrize(
    "body",
    [
        '{"role": "MENTOR", "reason": "One.", "reason": "Two."}',
        '{"role": "ADMIN", "role": "MENTOR", "reason": "Why."}',
        '{"role": "MENTOR", "reason": "Why.", "r\\u006fle": "MENTOR"}',
        '{"role": {"a": 1, "a": 2}, "role": "MENTOR", "reason": "Why."}',
        '{"role": ' + "[" * 150 + "]" * 150 + ', "role": "MENTOR", "reason": "Why."}',
    ],
)
def test_a_body_with_a_duplicate_key_is_refused(engine: Engine, admin: Person, body: str) -> None:
    people.add(engine, "user_ada")

    answer = admin.client.post(
        "/api/admin/users/user_ada/roles", content=body, headers=admin.headers | {"Content-Type": "application/json"}
    )

    assert (answer.status_code, answer.json()["error"]) == (422, "invalid")
    assert "key" in answer.json()["message"]


@pytest.mark.parametrize(
    "query",
    [
        "audit?since={later}&until={sooner}",
        "audit?since={later}&until={later}",
        "events?since={later}&until={sooner}",
        "events?occurred_since={later}&occurred_until={sooner}",
    ],
)
def test_an_empty_range_is_refused(admin: Person, query: str) -> None:
    times = {"sooner": "2026-09-01T08:00:00Z", "later": "2026-09-01T08:00:00.000001Z"}

    answer = admin.client.get(f"/api/admin/{query.format(**times)}", headers=admin.headers)

    assert (answer.status_code, answer.json()["message"]) == (422, "until must be after since")


def test_characters_that_postgresql_cannot_store_are_replaced(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada")

    admin.post("/api/admin/users/user_ada/roles", role="MENTOR", reason="Why.", notes="a\x00b")

    assert rows(engine, "select admin_notes from user_roles where role = 'MENTOR'") == [("a\ufffdb",)]


def test_no_other_origin_may_read_a_response_by_default(client: TestClient) -> None:
    answer = client.options(
        "/api/user/profile",
        headers={"Origin": "https://lms.example.com", "Access-Control-Request-Method": "GET"},
    )

    assert "Access-Control-Allow-Origin" not in answer.headers


def test_an_allowed_origin_may_read_every_response(settings: ApiSettings) -> None:
    opened = settings.model_copy(update={"api_allowed_origins": "https://lms.example.com"})

    with TestClient(build(opened)) as client:
        answers = [
            client.get("/api/user/profile", headers={"Origin": origin})
            for origin in ("https://lms.example.com", "https://eve.example.com")
        ]

    assert answers[0].headers["Access-Control-Allow-Origin"] == "https://lms.example.com"
    assert "Access-Control-Allow-Origin" not in answers[1].headers
    exposed = answers[0].headers["Access-Control-Expose-Headers"].split(", ")
    assert set(exposed) == {"X-Request-Id", "Retry-After", "X-Audit-Position"}


TRACING = "baggage, sentry-trace, traceparent, x-requested-with, x-request-id"


@pytest.mark.parametrize(
    ("allowed", "asked", "status"),
    [
        ({}, f"authorization, content-type, {TRACING}", 200),
        ({}, "x-other", 400),
        ({"api_allowed_headers": "X-Other"}, "authorization, x-other", 200),
        ({"api_allowed_headers": "X-Other"}, "traceparent", 400),
        ({"api_allowed_headers": ""}, "authorization", 200),
    ],
)
def test_the_headers_that_pages_may_send_are_a_setting_with_those_of_tracing_as_default(
    settings: ApiSettings, allowed: dict[str, str], asked: str, status: int
) -> None:
    opened = settings.model_copy(update={"api_allowed_origins": "https://lms.example.com", **allowed})
    preflight = {
        "Origin": "https://lms.example.com",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": asked,
    }

    with TestClient(build(opened)) as client:
        assert client.options("/api/user/profile", headers=preflight).status_code == status


def test_while_the_database_is_unavailable_a_caller_gets_503_with_retry_after(
    settings: ApiSettings, sign_in: SignIn
) -> None:
    away = settings.model_copy(update={"database_url": SecretStr("postgresql://akako@127.0.0.1:1/akako")})

    with TestClient(build(away)) as client:
        person = sign_in("user_ada")
        answers = [
            client.get("/api/user/profile", headers=person.headers),
            client.post("/api/auth/sync", headers=person.headers),
        ]

    assert [answer.status_code for answer in answers] == [503, 503]
    assert all(answer.headers["Retry-After"] for answer in answers)


def test_responses_of_the_guard_contain_no_details(engine: Engine, sign_in: SignIn) -> None:
    people.add(engine, "user_ada")
    ada, unknown = sign_in("user_ada"), sign_in("user_none")

    answers = [ada.get("/api/admin/users"), unknown.get("/api/user/profile")]

    assert [(answer.status_code, answer.json()) for answer in answers] == [
        (403, {"error": "Forbidden"}),
        (401, {"error": "Unauthorized"}),
    ]
