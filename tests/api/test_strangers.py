"""Whatever a stranger sends to the desk is answered like any other refusal, and keeps nobody else out."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from email.parser import BytesParser
from pathlib import Path

import pytest

from api.envelope import HEADERS
from config.role import Role
from db.engine import connect
from dev.embedded.servers import Servers
from tests import people
from tests.api.desk import desk
from tests.clerk_signs_in import Instance
from tests.dev.groups import until
from tests.listener import Listener, silent, status
from tests.servers import Database, copy_of
from tests.strangers import NOBODY, Target, everywhere, named

INSTANCE = Instance()
ADMIN = "user_admin"


def target() -> Target:
    """The change of an assignment, by an admin who signed in just now: without a valid token no body is read."""
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
def door(addresses: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listener]:
    directory = tmp_path_factory.mktemp("desk")
    with desk(directory, INSTANCE, **addresses, body_timeout_seconds=0.5) as started:
        yield started


@pytest.fixture(autouse=True)
def unharmed(door: Listener) -> Iterator[None]:
    """After each test the process answers, and logged no fault of its own."""
    yield
    assert door.answers()
    assert [line for line in door.lines() if line["level"] in ("error", "critical")] == []


@pytest.mark.parametrize("what", named(everywhere(Target("/"))))
def test_it_is_refused_as_everything_is_and_its_reason_is_in_the_log(door: Listener, what: str) -> None:
    pieces, due, reason = named(everywhere(target()))[what]
    answer = door.knock(*pieces)
    head, _, body = answer.partition(b"\r\n\r\n")
    said = BytesParser().parsebytes(head.partition(b"\r\n")[2])
    problem = json.loads(body)
    assert (status(answer), set(problem)) == (due, {"error", "message", "request_id"})
    assert {name: said[name] for name in HEADERS} == HEADERS
    assert said["X-Request-Id"] == problem["request_id"]
    assert reason in door.reasons()


def test_a_body_that_is_too_large_ends_the_connection(door: Listener) -> None:
    answer = door.knock(target().request("Content-Length: 70000", body=b"x" * 100))
    assert (status(answer), json.loads(answer.partition(b"\r\n\r\n")[2])["error"]) == (413, "too_large")
    assert b"connection: close" in answer.lower()


def test_more_connections_than_a_process_may_hold_are_refused_until_others_end(
    addresses: dict[str, str], tmp_path: Path
) -> None:
    with desk(tmp_path, INSTANCE, **addresses, max_connections=20) as small, ExitStack() as held:
        for _ in range(40):
            held.enter_context(socket.create_connection(("127.0.0.1", small.port), timeout=5))
        until(lambda: "too_many_connections" in small.reasons())
        held.close()
        until(small.answers)


def test_a_thousand_silent_connections_do_not_shut_out_a_guarded_request(
    addresses: dict[str, str], tmp_path: Path
) -> None:
    with desk(tmp_path, INSTANCE, **addresses) as patient, ExitStack() as held:
        silent(patient, held)
        profile = f"GET /api/admin/users/{ADMIN} HTTP/1.1"
        assert status(patient.knock(target().request(NOBODY, first=profile))) == 200
