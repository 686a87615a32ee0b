"""Faults that the development Clerk shows on demand."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import pytest

from dev.clerk.faults import KINDS
from tests.dev.clerk.api import Api, Refused
from tests.dev.clerk.deliveries import Deliveries
from tests.dev.clerk.serving import serving


@pytest.fixture
def address(api: Api) -> Iterator[str]:
    """The URL of the users of an instance that listens on a port."""
    with serving(api.instance) as url:
        yield f"{url}/v1/users"


def fetch(api: Api, address: str, seconds: float = 5) -> httpx.Response:
    """Ask the instance that listens."""
    return httpx.get(address, headers=dict(api.client.headers), timeout=seconds, trust_env=False)


def refused(api: Api, path: str = "/users") -> Refused:
    with pytest.raises(Refused) as caught:
        api("GET", path)
    return caught.value


@pytest.mark.parametrize(("kind", "retry_after"), [("rate-limited", "7"), ("rate-limited-without-retry-after", None)])
def test_429_comes_with_and_without_retry_after(api: Api, kind: str, retry_after: str | None) -> None:
    api.fault(kind, seconds=7)

    refusal = refused(api)

    assert (refusal.status, refusal.headers.get("Retry-After")) == (429, retry_after)
    assert api("GET", "/users") == []


@pytest.mark.parametrize(("status", "code"), [(500, "internal_clerk_error"), (503, "x"), (409, "resource_locked")])
def test_an_error_happens_as_often_as_it_was_asked_for_and_at_its_path(api: Api, status: int, code: str) -> None:
    api.fault("server-error", times=2, status=status, code=code, path="/v1/users/count")

    assert api("GET", "/users") == []
    assert [(refused(api, "/users/count").status, refused(api, "/users/count").code)] == [(status, code)]
    assert api("GET", "/users/count")["total_count"] == 0


def test_a_fault_without_a_number_stays_until_it_is_cleared(api: Api) -> None:
    api.fault("server-error", times=None)
    statuses = [refused(api).status for _ in range(3)]

    cleared = api.instance.faults.clear()

    assert (statuses, cleared) == ([500] * 3, 1)
    assert api("GET", "/users") == []


def test_half_an_answer_ends_with_a_closed_connection(api: Api, address: str) -> None:
    api.user()
    api.fault("cut-off")

    with pytest.raises(httpx.RemoteProtocolError):
        fetch(api, address)

    assert fetch(api, address).status_code == 200


def test_silence_lasts_until_the_client_gives_up(api: Api, address: str) -> None:
    api.fault("silent")

    with pytest.raises(httpx.ReadTimeout):
        fetch(api, address, 0.2)

    assert fetch(api, address).status_code == 200


def test_a_late_answer_comes_after_its_time(api: Api, address: str) -> None:
    api.fault("silent", seconds=0.3)
    started = time.monotonic()

    assert fetch(api, address).status_code == 200
    assert time.monotonic() - started >= 0.3


def test_stale_reads_see_the_users_of_the_time_when_the_fault_was_set(api: Api) -> None:
    ada = api.user(first_name="Ada")
    api.fault("stale-reads", times=2)
    api("PATCH", f"/users/{ada['id']}", {"first_name": "Augusta"})
    api.user("ben@example.com")

    stale = api("GET", f"/users/{ada['id']}"), api("GET", "/users/count")
    fresh = api("GET", f"/users/{ada['id']}"), api("GET", "/users/count")

    assert (stale[0]["first_name"], stale[1]["total_count"]) == ("Ada", 1)
    assert (fresh[0]["first_name"], fresh[1]["total_count"]) == ("Augusta", 2)


def test_an_empty_instance_has_the_same_id_and_no_users(api: Api) -> None:
    ada, before = api.user(), api("GET", "/instance")
    api.fault("empty-instance", times=None)

    assert api("GET", "/instance") == before
    assert api("GET", "/users") == []
    assert refused(api, f"/users/{ada['id']}").code == "resource_not_found"


def test_another_instance_has_another_id_in_answers_and_deliveries(api: Api) -> None:
    deliveries, before = Deliveries(api), api("GET", "/instance")["id"]
    api.fault("other-instance", times=None)

    api.user()
    deliveries.send()

    other = api("GET", "/instance")["id"]
    assert other != before
    assert deliveries.receiver.events[0]["instance_id"] == other
    assert api("GET", "/users") == []


def test_the_cursor_of_a_walk_can_vanish(api: Api) -> None:
    ada = api.user()
    api.fault("vanished-cursor")

    assert api("GET", "/users") == [ada]
    assert refused(api, f"/users?starting_after={ada['id']}").status == 422
    assert api("GET", f"/users?starting_after={ada['id']}") == []


def test_bans_can_need_a_plan(api: Api) -> None:
    ada = api.user()
    api.fault("payment-required")

    with pytest.raises(Refused) as caught:
        api("POST", f"/users/{ada['id']}/ban")

    assert caught.value.status == 402


def test_a_sign_in_can_move_the_version_without_a_delivery(api: Api) -> None:
    deliveries, ada = Deliveries(api), api.user()
    api.fault("sign-in-without-delivery")

    api("POST", "/sessions", {"user_id": ada["id"]})
    deliveries.send_all()

    signed_in = api("GET", f"/users/{ada['id']}")
    assert signed_in["updated_at"] > ada["updated_at"]
    assert signed_in["last_sign_in_at"] is not None
    assert deliveries.receiver.types == ["user.created"]


def test_a_token_can_have_stale_claims_with_a_fresh_time(api: Api) -> None:
    ada = api.user(public_metadata={"roles": ["LEARNER"]})
    session = api("POST", "/sessions", {"user_id": ada["id"]})["id"]
    api("POST", f"/sessions/{session}/tokens", {})
    api("PATCH", f"/users/{ada['id']}/metadata", {"public_metadata": {"roles": ["ADMIN"]}})
    api.fault("stale-claims")

    stale, fresh = (claims(api("POST", f"/sessions/{session}/tokens", {})["jwt"]) for _ in range(2))

    assert (stale["roles"], fresh["roles"]) == (["LEARNER"], ["ADMIN"])
    assert abs(stale["iat"] - time.time()) < 60


def claims(token: str) -> dict[str, Any]:
    """The claims of a token, without verification."""
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def test_an_unknown_fault_is_refused(api: Api) -> None:
    with pytest.raises(KeyError):
        api.fault("earthquake")


def test_every_fault_says_what_it_does() -> None:
    assert [kind for kind, text in KINDS.items() if not text.endswith(".")] == []
