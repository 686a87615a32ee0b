import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import pytest

from akako_guard import answers
from akako_guard.answers import Incomplete
from clerk.backend import Backend, PatchRefused, UserNotFound
from clerk.http import ClerkUnavailable
from clerk.user import NEVER, Snapshot
from tests.clerk_sender import ADA, BEGINNING, moment, user
from tests.local_server import Answer, LocalServer, serving

AWAY = Answer(b'{"errors": []}', 503)


def fields(**changes: Any) -> Answer:
    """The response with a user."""
    return Answer(json.dumps(user(**changes)).encode())


def limited(seconds: str) -> Answer:
    """The response to a client that exceeds the rate limit."""
    return Answer(b'{"errors": [{"code": "too_many_requests"}]}', 429, {"Retry-After": seconds})


@pytest.fixture
def resources() -> Iterator[ExitStack]:
    """Closes the resources of a test."""
    with ExitStack() as stack:
        yield stack


def backend(resources: ExitStack, *answers: Answer, total_seconds: float = 4) -> tuple[Backend, LocalServer]:
    """A client, and the server that gives it these responses in turn."""
    clerk = resources.enter_context(serving(*answers))
    client = Backend("sk_test_secret", clerk.url, total_seconds=total_seconds)
    resources.callback(client.close)
    return client, clerk


def test_a_user_is_returned_as_a_snapshot_as_from_an_event(resources: ExitStack) -> None:
    client, clerk = backend(resources, fields(at=1_500, username="ada", external_id="7", banned=True))
    assert client.user(ADA) == Snapshot(
        clerk_id=ADA,
        version=moment(1_500),
        email="ada@example.com",
        email_verified=True,
        first_name="Ada",
        last_name="Lovelace",
        username="ada",
        image_url="https://img.example.com/ada",
        external_id="7",
        banned=True,
        created_at=BEGINNING,
    )
    assert clerk.asked[0].path == f"/v1/users/{ADA}"
    assert clerk.asked[0].headers["authorization"] == "Bearer sk_test_secret"
    assert clerk.asked[0].headers["clerk-api-version"] == "2026-05-12"


def test_unknown_and_missing_fields_are_accepted(resources: ExitStack) -> None:
    body = json.dumps({"id": ADA, "updated_at": 1_735_689_600_000, "new": {"deep": [1]}, "email_addresses": None})
    client, _ = backend(resources, Answer(body.encode()))
    assert client.user(ADA) == Snapshot(clerk_id=ADA, version=datetime(2025, 1, 1, tzinfo=UTC), banned_as_of=NEVER)


def test_a_user_unknown_to_clerk_is_not_found(resources: ExitStack) -> None:
    client, clerk = backend(resources, Answer(b'{"errors": [{"code": "resource_not_found"}]}', 404))
    assert client.user(ADA) == UserNotFound(ADA)
    assert len(clerk.asked) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"<h1>Not Found</h1>", b"{}", b"[]", b'{"errors": 1}', b'{"errors": [1, {"code": ["resource_not_found"]}]}',
     b'{"errors": [{"code": "route_not_found"}]}', b'{"code": "resource_not_found"}'],
)  # fmt: skip
def test_a_404_without_clerks_own_code_does_not_mean_that_the_user_is_gone(resources: ExitStack, body: bytes) -> None:
    client, clerk = backend(resources, Answer(body, 404))
    with pytest.raises(ClerkUnavailable, match="status 404") as unavailable:
        client.user(ADA)
    assert (unavailable.value.transient, len(clerk.asked)) == (False, 1)


@pytest.mark.parametrize("clerk_id", ["", ".", "..", "user/../../jwks", "user?x=1", "user#", "user\n", "ü"])
def test_an_invalid_id_is_not_found_without_a_request(resources: ExitStack, clerk_id: str) -> None:
    client, clerk = backend(resources, fields())
    assert client.user(clerk_id) == client.fetch(clerk_id) == UserNotFound(clerk_id)
    assert clerk.asked == []


@pytest.mark.parametrize(
    "failure", [AWAY, Answer(b"", 500), Answer(b"{", headers={"Content-Length": "9"}), limited("0")]
)
def test_a_transient_failure_is_retried(resources: ExitStack, failure: Answer) -> None:
    client, clerk = backend(resources, failure, fields())
    assert isinstance(client.user(ADA), Snapshot)
    assert len(clerk.asked) == 2


def test_a_retry_waits_for_clerks_retry_after(resources: ExitStack) -> None:
    client, clerk = backend(resources, limited("1"), fields())
    began = time.monotonic()
    assert isinstance(client.user(ADA), Snapshot)
    assert time.monotonic() - began >= 1
    assert len(clerk.asked) == 2


def test_a_retry_after_beyond_the_deadline_is_raised_immediately(resources: ExitStack) -> None:
    client, clerk = backend(resources, limited("30"))
    with pytest.raises(ClerkUnavailable, match="status 429") as unavailable:
        client.user(ADA)
    assert unavailable.value.retry_after == 30
    assert len(clerk.asked) == 1


def test_no_answer_demands_more_than_an_hour(resources: ExitStack) -> None:
    client, _ = backend(resources, limited("86400"))
    with pytest.raises(ClerkUnavailable) as unavailable:
        client.patch_metadata(ADA, {"roles": []})
    assert unavailable.value.retry_after == 3_600


@pytest.mark.parametrize("after", ["soon", "-1", "", "Wed, 21 Oct 2026 07:28:00 GMT", "9" * 400, "1e999"])
def test_a_malformed_retry_after_is_ignored(resources: ExitStack, after: str) -> None:
    client, _ = backend(resources, limited(after), fields())
    assert isinstance(client.user(ADA), Snapshot)


def test_while_clerk_is_unavailable_a_few_attempts_are_made(resources: ExitStack) -> None:
    client, clerk = backend(resources, AWAY, total_seconds=2)
    with pytest.raises(ClerkUnavailable, match="status 503") as unavailable:
        client.user(ADA)
    assert unavailable.value.transient
    assert 2 <= len(clerk.asked) <= 4


def test_a_refused_connection_is_unavailable() -> None:
    with serving() as gone:
        url = gone.url
    with pytest.raises(ClerkUnavailable, match="no connection"):
        Backend("sk_test_secret", url, total_seconds=0.3).user(ADA)


def test_a_request_without_a_response_times_out(resources: ExitStack) -> None:
    client, _ = backend(resources, Answer(hold=threading.Event()), total_seconds=0.5)
    began = time.monotonic()
    with pytest.raises(ClerkUnavailable, match="no answer in time"):
        client.user(ADA)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("status", [301, 302, 400, 401, 403, 422])
def test_a_permanent_failure_is_not_retried(resources: ExitStack, status: int) -> None:
    client, clerk = backend(resources, Answer(b"{}", status, {"Location": "/v1/users/user_eve"}))
    with pytest.raises(ClerkUnavailable, match=f"status {status}") as unavailable:
        client.user(ADA)
    assert not unavailable.value.transient
    assert len(clerk.asked) == 1


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b"\xff", json.dumps(user("user_eve")).encode()])
def test_a_response_that_is_not_the_requested_user_is_unavailable(resources: ExitStack, body: bytes) -> None:
    client, _ = backend(resources, Answer(body))
    with pytest.raises(ClerkUnavailable, match="not the requested user"):
        client.user(ADA)


def test_the_secret_key_is_not_in_an_error_message(resources: ExitStack) -> None:
    client, _ = backend(resources, Answer(b"sk_test_secret", 401))
    with pytest.raises(ClerkUnavailable) as unavailable:
        client.user(ADA)
    assert "sk_test" not in str(unavailable.value)


def test_a_response_that_trickles_is_unavailable(resources: ExitStack) -> None:
    clerk = resources.enter_context(serving(fields()))
    with answers.client(2) as client, client.stream("GET", clerk.url) as response, pytest.raises(Incomplete):
        answers.read_bounded(response, deadline=time.monotonic())


@pytest.mark.parametrize("total", [-1, 2**63, 1.5, True, "7", None])
def test_a_number_of_users_that_cannot_be_one_is_refused(resources: ExitStack, total: object) -> None:
    client, _ = backend(resources, Answer(json.dumps({"total_count": total}).encode()))
    with pytest.raises(ClerkUnavailable, match="not a number of users"):
        client.count()


@pytest.mark.parametrize("instance_id", ["", "ins\x001", "x" * 256, 7, None])
def test_an_instance_id_that_cannot_be_stored_is_refused(resources: ExitStack, instance_id: object) -> None:
    client, _ = backend(resources, Answer(json.dumps({"id": instance_id}).encode()))
    with pytest.raises(ClerkUnavailable, match="not an instance"):
        client.instance()


def test_the_cursor_is_the_last_id_that_can_be_stored(resources: ExitStack) -> None:
    entries = [user(), {"id": "user_without_version"}, {"id": "user\x00"}, {"id": 7}, None]
    client, _ = backend(resources, Answer(json.dumps(entries).encode()))
    page = client.users_after(None, 5)
    assert (page.cursor, page.unreadable, page.is_last) == ("user_without_version", 4, False)


def test_the_link_to_the_page_of_webhooks_is_asked_for_by_post(resources: ExitStack) -> None:
    client, _ = backend(resources, Answer(b'{"svix_url": "https://app.svix.com/login#key=x"}'))

    assert client.webhook_page() == "https://app.svix.com/login#key=x"


@pytest.mark.parametrize("url", ["", "http://app.svix.com/", "javascript:alert(1)", 7, None])
def test_a_link_that_is_not_protected_by_tls_is_refused(resources: ExitStack, url: object) -> None:
    client, _ = backend(resources, Answer(json.dumps({"svix_url": url}).encode()))

    with pytest.raises(ClerkUnavailable, match="no link"):
        client.webhook_page()


def test_the_page_of_an_instance_for_development_needs_no_tls(resources: ExitStack) -> None:
    client, clerk = backend(resources)
    clerk.answers = [Answer(json.dumps({"svix_url": f"{clerk.url}/"}).encode())]

    assert client.webhook_page() == f"{clerk.url}/"


@pytest.mark.parametrize("status", [400, 422])
def test_clerk_can_refuse_a_change_of_one_user(resources: ExitStack, status: int) -> None:
    client, _ = backend(resources, Answer(b'{"errors": []}', status))
    assert client.patch_metadata(ADA, {}) == PatchRefused(f"status {status}")


@pytest.mark.parametrize(("status", "transient"), [(402, False), (403, False), (409, True), (429, True), (500, True)])
def test_what_is_not_about_this_user_refuses_no_user(resources: ExitStack, status: int, transient: bool) -> None:
    client, _ = backend(resources, Answer(b'{"errors": []}', status))
    with pytest.raises(ClerkUnavailable, match=f"status {status}") as unavailable:
        client.patch_metadata(ADA, {})
    assert unavailable.value.transient == transient
