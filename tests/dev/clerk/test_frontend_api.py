"""What ClerkJS asks the development Clerk: environment, client, renewal of tokens, sign-out."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.dev.clerk.api import Api
from tests.dev.clerk.test_sessions import decoded

PAGE = "http://localhost:3000"
CONTROL = {"x-akako-clerk": "1"}


@pytest.fixture
def browser(api: Api) -> TestClient:
    """A browser in which Ada is signed in, on a page of another port."""
    ada = api.user(first_name="Ada", private_metadata={"note": "x"}, public_metadata={"roles": ["MENTOR"]})
    client = api.client
    client.post("/dev/sign-in", json={"user_id": ada["id"]}, headers=CONTROL).raise_for_status()
    client.headers["Origin"] = PAGE
    return client


def client_of(browser: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = browser.get("/v1/client").json()["response"]
    return found


def test_the_client_has_the_session_its_user_and_a_token(api: Api, browser: TestClient) -> None:
    client = client_of(browser)

    session = client["sessions"][0]
    assert client["last_active_session_id"] == session["id"]
    assert session["user"]["first_name"] == "Ada"
    assert "private_metadata" not in session["user"]
    assert decoded(api, session["last_active_token"]["jwt"])["sid"] == session["id"]


def test_a_token_is_renewed_for_the_origin_of_the_page(api: Api, browser: TestClient) -> None:
    session = client_of(browser)["sessions"][0]["id"]

    answer = browser.post(f"/v1/client/sessions/{session}/tokens")

    claims = decoded(api, answer.json()["jwt"])
    assert (claims["azp"], claims["roles"]) == (PAGE, ["MENTOR"])
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"


def test_a_touch_answers_with_the_session_and_the_client(browser: TestClient) -> None:
    session = client_of(browser)["sessions"][0]["id"]

    touched = browser.post(f"/v1/client/sessions/{session}/touch").json()

    assert touched["response"]["id"] == touched["client"]["sessions"][0]["id"] == session


def test_environment_and_dev_browser_answer(browser: TestClient) -> None:
    assert {browser.request(method, "/v1/environment").json()["object"] for method in ("GET", "POST")} == {
        "environment"
    }
    assert browser.post("/v1/dev_browser").json()["token"].startswith("dvb_")


@pytest.mark.parametrize("method", ["DELETE", "POST"])
def test_after_a_sign_out_there_is_no_session_and_no_token(browser: TestClient, method: str) -> None:
    session = client_of(browser)["sessions"][0]["id"]

    browser.request(method, "/v1/client/sessions")

    assert client_of(browser)["sessions"] == []
    assert browser.post(f"/v1/client/sessions/{session}/tokens").status_code == 401


def test_another_browser_gets_no_token_of_the_session(api: Api, browser: TestClient) -> None:
    session = client_of(browser)["sessions"][0]["id"]
    browser.cookies.clear()

    refused = browser.post(f"/v1/client/sessions/{session}/tokens")

    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (401, "signed_out")
    assert refused.headers["Access-Control-Allow-Origin"] == PAGE


@pytest.mark.parametrize("origin", ["https://evil.example.com", "http://localhost.evil.com", "null", "file://"])
def test_a_page_elsewhere_may_not_read_the_answers(browser: TestClient, origin: str) -> None:
    answer = browser.get("/v1/client", headers={"Origin": origin})

    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_preflight_is_answered(browser: TestClient) -> None:
    answer = browser.options("/v1/client", headers={"Access-Control-Request-Method": "GET"})

    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (204, PAGE)
