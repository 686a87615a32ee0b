"""Malformed input from untrusted clients gets the usual error responses and does not block other clients."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from email.parser import BytesParser
from pathlib import Path

import pytest

from akako_guard.database.engine import connect
from akako_guard.role import Role
from api.envelope import HEADERS
from dev.embedded.servers import Servers
from tests import people
from tests.api.api_process import api_process
from tests.clerk_signs_in import Instance
from tests.dev.groups import until
from tests.invalid_requests import NO_BODY, Target, by_name, common_refusals
from tests.listener import Listener, silent, status
from tests.servers import Database, copy_of

INSTANCE = Instance()
ADMIN = "user_admin"


def target() -> Target:
    """A request that changes an assignment, with the token of an admin: without a valid token no body is read."""
    signed_in = f"Authorization: Bearer {INSTANCE.token(ADMIN)}"
    return Target(f"/api/admin/users/{ADMIN}/roles/1", "PATCH", (signed_in, "Content-Type: application/json"))


@pytest.fixture(scope="module")
def database(servers: Servers, template: str) -> Iterator[Database]:
    with copy_of(servers, template) as copy:
        engine = connect(copy.app_url, "test")
        people.add(engine, ADMIN, Role.ADMIN)
        engine.dispose()
        yield copy


@pytest.fixture(scope="module")
def addresses(database: Database, servers: Servers) -> dict[str, str]:
    return {"database_url": database.app_url, "redis_url": servers.redis_url}


@pytest.fixture(scope="module")
def listener(addresses: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listener]:
    directory = tmp_path_factory.mktemp("api")
    with api_process(directory, INSTANCE, **addresses, body_timeout_seconds=0.5) as started:
        yield started


@pytest.fixture(autouse=True)
def unaffected(listener: Listener) -> Iterator[None]:
    """After each test, the process still answers and has logged no internal error."""
    yield
    assert listener.answers()
    assert [line for line in listener.lines() if line["level"] in ("error", "critical")] == []


@pytest.mark.parametrize("what", by_name(common_refusals(Target("/"))))
def test_a_malformed_request_gets_the_usual_error_response_and_its_reason_is_logged(
    listener: Listener, what: str
) -> None:
    pieces, due, reason = by_name(common_refusals(target()))[what]
    answer = listener.knock(*pieces)
    head, _, body = answer.partition(b"\r\n\r\n")
    headers = BytesParser().parsebytes(head.partition(b"\r\n")[2])
    problem = json.loads(body)
    assert (status(answer), set(problem)) == (due, {"error", "message", "request_id"})
    assert {name: headers[name] for name in HEADERS} == HEADERS
    assert headers["X-Request-Id"] == problem["request_id"]
    assert reason in listener.reasons()


def test_a_body_that_is_too_large_ends_the_connection(listener: Listener) -> None:
    answer = listener.knock(target().request("Content-Length: 70000", body=b"x" * 100))
    assert (status(answer), json.loads(answer.partition(b"\r\n\r\n")[2])["error"]) == (413, "too_large")
    assert b"connection: close" in answer.lower()


def test_connections_over_the_limit_are_refused_until_others_end(addresses: dict[str, str], tmp_path: Path) -> None:
    with api_process(tmp_path, INSTANCE, **addresses, max_connections=20) as small, ExitStack() as held:
        for _ in range(40):
            held.enter_context(socket.create_connection(("127.0.0.1", small.port), timeout=5))
        until(lambda: "too_many_connections" in small.reasons())
        held.close()
        until(small.answers)


def test_a_thousand_idle_connections_do_not_block_an_authorised_request(
    addresses: dict[str, str], tmp_path: Path
) -> None:
    with api_process(tmp_path, INSTANCE, **addresses) as listener, ExitStack() as held:
        silent(listener, held)
        profile = f"GET /api/admin/users/{ADMIN} HTTP/1.1"
        assert status(listener.knock(target().request(NO_BODY, first=profile))) == 200
