"""The control API of the development Clerk, and who may use it."""

from typing import Any

import pytest
from click.testing import CliRunner

from dev.clerk.__main__ import main
from dev.clerk.local_only import NotLoopback, check_listening
from tests.dev.clerk.api import Api
from tests.dev.clerk.deliveries import Deliveries

CONTROL = {"x-akako-clerk": "1"}


def control(api: Api, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    """The JSON of an answer of the control API, asked for without the secret key."""
    api.client.headers.pop("Authorization", None)
    answer = api.client.request(method, f"/dev{path}", json=body, headers=CONTROL)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_users_are_managed_without_the_key_and_past_limits_and_faults(api: Api) -> None:
    api.fault("server-error", times=None)
    ada = control(api, "POST", "/api/users", {"email_address": ["ada@example.com"]})

    control(api, "POST", f"/api/users/{ada['id']}/ban")

    assert control(api, "GET", "/api/users")[0]["banned"] is True
    assert control(api, "GET", "/api/users/count")["total_count"] == 1


def test_a_fault_is_set_listed_and_cleared(api: Api) -> None:
    fault = control(api, "POST", "/faults", {"kind": "rate-limited", "times": 0, "seconds": 3})
    listed = control(api, "GET", "/faults")

    assert listed["faults"] == [fault]
    assert fault["times"] is None
    assert "silent" in listed["kinds"]
    assert control(api, "DELETE", f"/faults/{fault['id']}") == {"cleared": 1}
    assert control(api, "DELETE", f"/faults/{fault['id']}", status=404)["errors"][0]["code"] == "resource_not_found"


@pytest.mark.parametrize(
    "body", [{"kind": "earthquake"}, {"kind": "silent", "times": -1}, {"kind": "server-error", "status": 200}, {}]
)
def test_an_impossible_fault_is_422(api: Api, body: dict[str, Any]) -> None:
    assert control(api, "POST", "/faults", body, 422)


def test_deliveries_are_listed_with_their_attempts_and_sent_again(api: Api) -> None:
    deliveries = Deliveries(api)
    deliveries.receiver.statuses = [500]
    control(api, "POST", "/api/users", {"username": "lady_ada"})
    deliveries.send()

    before = control(api, "GET", "/deliveries?limit=1")["deliveries"][0]
    advanced = control(api, "POST", "/advance", {"seconds": 300})
    deliveries.send()
    again = control(api, "POST", f"/deliveries/{before['id']}/redeliver")

    assert (before["status"], before["attempts"][0]["status"]) == ("pending", 500)
    assert 0 < before["due_in_seconds"] <= 5
    assert advanced["due"] == 1
    assert [each["status"] for each in again["attempts"]] == [500, 202]
    assert control(api, "POST", "/deliveries/msg_unknown/redeliver", status=404)


def test_the_endpoint_is_disabled_enabled_and_recovered(api: Api) -> None:
    deliveries = Deliveries(api)
    assert control(api, "PATCH", "/endpoint", {"disabled": True})["disabled"] is True
    control(api, "POST", "/api/users", {"username": "lady_ada"})

    control(api, "PATCH", "/endpoint", {"disabled": False, "speed": 60})

    assert control(api, "POST", "/deliveries/recover") == {"redelivered": 1}
    assert deliveries.send() == 1
    assert control(api, "GET", "/status")["schedule"]["speed"] == 60


def test_the_secret_is_rotated_and_the_old_one_still_signs(api: Api) -> None:
    deliveries = Deliveries(api)

    rotated = control(api, "POST", "/endpoint/rotate", {})
    at_once = control(api, "POST", "/endpoint/rotate", {"overlap_seconds": 0})

    assert rotated["secrets"] == [rotated["secret"], deliveries.secret]
    assert at_once["secrets"] == [at_once["secret"]]


@pytest.mark.parametrize("secret", ["whsec_", "whsec_not base64", "secret", "whsec_AAAA"])
def test_a_malformed_secret_is_refused(api: Api, secret: str) -> None:
    assert control(api, "POST", "/endpoint/rotate", {"secret": secret}, 422)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "http://[::1", "http://\u2028", "nowhere", "http://a..b"])
def test_an_endpoint_that_cannot_be_reached_fails_its_deliveries_only(api: Api, url: str) -> None:
    deliveries = Deliveries(api)
    deliveries.receiver.statuses = [0]
    control(api, "PATCH", "/endpoint", {"url": url})
    control(api, "POST", "/api/users", {"username": "lady_ada"})

    deliveries.send()

    assert deliveries.message().attempts[0].status is None


def test_the_template_of_the_claims_is_set(api: Api) -> None:
    template = {"level": "{{user.public_metadata.level}}"}

    control(api, "PUT", "/claims", {"template": template})

    assert control(api, "GET", "/status")["claims_template"] == template


def test_a_user_signs_in_as_themselves_or_as_another(api: Api) -> None:
    ada = control(api, "POST", "/api/users", {"username": "lady_ada"})["id"]

    own = control(api, "POST", "/sign-in", {"user_id": ada})
    impersonated = control(api, "POST", "/sign-in", {"user_id": ada, "actor": "user_grace"})

    assert own["jwt"].count(".") == 2
    assert api.instance.state.sessions[impersonated["session_id"]].actor == {"sub": "user_grace"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Sec-Fetch-Site": "cross-site", "x-akako-clerk": "1"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://localhost:3000"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "http://127.0.0.1"}, 200),
        ({"x-akako-clerk": "1"}, 200),
    ],
)
def test_a_change_is_accepted_from_its_own_page_and_from_programs_only(
    api: Api, headers: dict[str, str], status: int
) -> None:
    assert api.client.post("/dev/deliveries/recover", headers=headers).status_code == status


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8002", 200),
        ("localhost", 200),
        ("[::1]:8002", 200),
        ("clerk.akako.localhost:8002", 200),
        ("evil.example.com", 421),
        ("127.0.0.1.evil.example.com:8002", 421),
        ("localhost.evil.example.com", 421),
        ("", 421),
    ],
)
def test_a_request_under_another_host_name_is_refused(api: Api, host: str, status: int) -> None:
    assert api.client.get("/dev/status", headers={"Host": host}).status_code == status


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "example.com", "", "localhost.example.com"])
def test_it_refuses_to_listen_on_anything_but_the_loopback(host: str) -> None:
    with pytest.raises(NotLoopback):
        check_listening(host)


def test_its_command_refuses_a_malformed_secret() -> None:
    refused = CliRunner(env={"CLERK_WEBHOOK_SIGNING_SECRET": "whsec_x"}).invoke(main, [])

    assert refused.exit_code == 2
    assert "CLERK_WEBHOOK_SIGNING_SECRET" in refused.output


def test_its_command_ends_before_it_listens_elsewhere() -> None:
    refused = CliRunner().invoke(main, ["--host", "0.0.0.0"])

    assert refused.exit_code == 2
    assert "is not on the loopback" in refused.output


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "[::1]", "localhost"])
def test_it_listens_on_the_loopback(host: str) -> None:
    check_listening(host)
