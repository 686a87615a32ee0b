"""A stream is aborted when its reader loses the permission."""

import socket
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from akako_guard.role import Role
from api import application
from api.application import build
from config.settings import ApiSettings
from dev.embedded.servers import Servers
from tests import people
from tests.api.api_process import api_process
from tests.api.asking import Person
from tests.api.changes import LOSSES, MALLORY
from tests.api.test_trail import write_many
from tests.clerk_signs_in import Instance
from tests.ledger import change
from tests.listener import Listener
from tests.meanwhile import waiting_for_a_lock
from tests.servers import Database, copy_of

MANY = 60_000
END = b"0\r\n\r\n"


@pytest.fixture(scope="module")
def database(servers: Servers, template: str) -> Iterator[Database]:
    """A database with a long trail, for all of these tests: each has users of its own."""
    with copy_of(servers, template) as copy:
        write_many(copy, MANY)
        yield copy


@pytest.fixture(scope="module")
def instance() -> Instance:
    return Instance()


@pytest.fixture(scope="module")
def listener(
    database: Database, servers: Servers, instance: Instance, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Listener]:
    addresses = {"database_url": database.app_url, "redis_url": servers.redis_url}
    with api_process(tmp_path_factory.mktemp("api"), instance, **addresses) as started:
        yield started


def read_on(stream: socket.socket) -> bytes:
    """Everything until the connection ends."""
    read = b""
    try:
        while piece := stream.recv(262_144):
            read += piece
            if read.endswith(END):
                break
    except ConnectionResetError:
        pass
    return read


def begin(listener: Listener, token: str, form: str) -> socket.socket:
    """Start a slow reader."""
    stream = socket.socket()
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32_768)
    stream.settimeout(60)
    stream.connect(("127.0.0.1", listener.port))
    stream.sendall(
        f"GET /api/admin/audit?format={form} HTTP/1.1\r\nHost: api\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    )
    assert stream.recv(15) == b"HTTP/1.1 200 OK"
    return stream


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("loss", [None, *LOSSES])
def test_a_stream_is_aborted_when_its_reader_loses_the_role(
    listener: Listener, engine: Engine, instance: Instance, loss: str | None, form: str
) -> None:
    reader, logged_before = f"user_{form}_{loss}", len(listener.lines())
    people.add(engine, reader, Role.ADMIN)
    with begin(listener, instance.token(reader), form) as stream:
        change(engine, LOSSES[loss].replace(MALLORY, reader) if loss else "select 1")
        read = read_on(stream)

    assert read.endswith(END) == (loss is None)
    logged = listener.lines()[logged_before:]
    assert [line["event"] for line in logged if line["level"] == "error"] == []
    assert ("stream.aborted" in [line["event"] for line in logged]) == (loss is not None)


def test_a_reader_who_lost_the_role_before_the_first_page_is_refused(
    database: Database, engine: Engine, settings: ApiSettings, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check of the guard succeeds while the first page waits for the table."""
    monkeypatch.setattr(application, "LOCK_SECONDS", 30)
    people.add(engine, MALLORY, Role.ADMIN)

    with TestClient(build(settings)) as client, psycopg.connect(database.owner_url) as owner:
        owner.execute("lock table audit_log in access exclusive mode")
        mallory = Person(client, instance, MALLORY)
        with waiting_for_a_lock(engine, lambda: mallory.get("/api/admin/audit", format="csv")) as asking:
            owner.execute(LOSSES["revoked"])
            owner.commit()
            answer = asking.result()

    assert (answer.status_code, answer.json()) == (403, {"error": "Forbidden"})
