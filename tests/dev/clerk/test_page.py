"""The page of the development Clerk."""

import re

import pytest
from starlette.testclient import TestClient

from tests.dev.clerk.api import Api
from tests.dev.clerk.deliveries import Deliveries

OWN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def browser(api: Api) -> TestClient:
    api.client.headers.update(OWN)
    return api.client


def test_a_person_creates_edits_bans_signs_in_as_and_deletes_a_user(api: Api, browser: TestClient) -> None:
    page = browser.post("/users", data={"email_address": "ada@example.com", "first_name": "Ada", "username": ""})
    path = page.url.path
    edited = browser.post(
        path,
        data={
            "first_name": "Augusta",
            "last_name": "",
            "username": "",
            "email_address": "Ada2@example.com",
            "public_metadata": '{"roles": ["MENTOR"]}',
        },
    )
    signed_in = browser.post(f"{path}/sign-in")
    banned = browser.post(f"{path}/ban")
    deleted = browser.post(f"{path}/delete")

    assert [each.status_code for each in (page, edited, signed_in, banned, deleted)] == [200] * 5
    assert "<h1>Augusta</h1>" in edited.text
    assert "ada2@example.com" in edited.text
    assert re.search(r"<pre>eyJ[\w.-]+</pre>", signed_in.text)
    assert "__client" in signed_in.headers["Set-Cookie"]
    assert f'action="{path}/unban"' in banned.text
    assert api.instance.state.users == {}


def test_what_users_write_about_themselves_is_escaped(api: Api, browser: TestClient) -> None:
    attack = '"><script>alert(1)</script>'
    ada = api.user(first_name=attack, public_metadata={"note": attack})
    api.fault("silent", path=attack)

    for path in ("/", f"/users/{ada['id']}"):
        assert "<script" not in browser.get(path).text
        assert "&lt;script" in browser.get(path).text


def test_the_page_runs_no_script_and_loads_nothing_from_elsewhere(browser: TestClient) -> None:
    page = browser.get("/")

    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self';")
    assert re.findall(r'(?:src|href)="([^"/][^"]*)"', page.text) == []
    assert browser.get("/page.css").headers["Content-Type"].startswith("text/css")


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}])
def test_a_form_of_another_site_changes_nothing(api: Api, browser: TestClient, headers: dict[str, str]) -> None:
    ada = api.user()

    refused = browser.post(f"/users/{ada['id']}/delete", headers=headers)

    assert refused.status_code == 403
    assert list(api.instance.state.users) == [ada["id"]]


def test_deliveries_are_shown_sent_again_and_advanced(api: Api, browser: TestClient) -> None:
    deliveries = Deliveries(api)
    deliveries.receiver.statuses = [500]
    api.user()
    deliveries.send()

    before = browser.get("/")
    browser.post("/advance", data={"seconds": "5"})
    deliveries.send()
    browser.post(f"/deliveries/{deliveries.message().id}/redeliver")
    deliveries.send()

    assert "pending, due in 5 s" in before.text
    assert "500, 202, 202" in browser.get("/").text


def test_faults_are_set_and_cleared(api: Api, browser: TestClient) -> None:
    shown = browser.post("/faults", data={"kind": "rate-limited", "times": "0", "seconds": "3"})
    status = browser.get("/v1/users").status_code
    browser.post("/faults/clear")

    assert "until cleared" in shown.text
    assert (status, browser.get("/v1/users").status_code) == (429, 200)


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/users", {"email_address": "ada@school.test"}, 422),
        ("/users", {}, 422),
        ("/users/user_gone/ban", {}, 404),
        ("/users/{ada}", {"public_metadata": "{"}, 422),
        ("/users/{ada}", {"public_metadata": "[]"}, 422),
        ("/advance", {"seconds": "soon"}, 422),
        ("/faults", {"kind": "earthquake"}, 422),
        ("/deliveries/msg_gone/redeliver", {}, 404),
    ],
)
def test_what_is_refused_is_said_on_the_page(
    api: Api, browser: TestClient, path: str, fields: dict[str, str], status: int
) -> None:
    ada = api.user()["id"]

    page = browser.post(path.format(ada=ada), data=fields)

    assert page.status_code == status
    assert 'role="alert"' in page.text
