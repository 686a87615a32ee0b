"""Valid deliveries are accepted while an untrusted client occupies all connections."""

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import httpx
import psycopg
import pytest
from sqlalchemy import Engine

from config.settings import ReceiverSettings
from dev.embedded.servers import Servers
from tests.clerk_sender import Clerk, Sent
from tests.dev.groups import until
from tests.ledger import values
from tests.listener import listening
from tests.servers import Database, copy_of
from tests.webhooks.conftest import StartReceiver
from tests.webhooks.receiver_process import TARGET, ReceiverProcess, running_receiver, signed

pytestmark = pytest.mark.recovery

CLERK = Clerk()
MOST = 40
RECONNECT_SECONDS = 0.1
PROXIES_KEEP_SECONDS = 60
"""How long nginx and AWS's load balancer keep an idle connection."""
HALF_A_HEAD = TARGET.start + b"Host: akako\r\nX: "
HALF_A_BODY = TARGET.request("Content-Length: 100", body=b"abc").replace(b"Connection: close\r\n", b"")
WHOLE = TARGET.request("Content-Length: 0").replace(b"Connection: close\r\n", b"")
"""Answered with 400; the connection is idle afterwards."""


@contextmanager
def occupied(port: int, data: bytes, connections: int = 3 * MOST // 2) -> Iterator[None]:
    """Keep connections open that send `data` and wait, and reopen each shortly after it is closed.

    The delay keeps the proportions of a real attack: with 4,000 slots, a request is read long before as many new
    connections have arrived as there are slots.
    """
    ended = Event()

    def hold() -> None:
        while not ended.wait(RECONNECT_SECONDS):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.5) as connection:
                connection.sendall(data)
                while connection.recv(65_536):
                    pass

    threads = [Thread(target=hold, daemon=True) for _ in range(connections)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


@pytest.fixture(scope="module")
def database(servers: Servers, template: str) -> Iterator[Database]:
    with copy_of(servers, template) as copy:
        yield copy


@pytest.fixture(scope="module")
def small(database: Database, servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReceiverProcess]:
    """A receiver with a low connection limit."""
    addresses = {"database_url": database.app_url, "redis_url": servers.redis_url}
    with running_receiver(tmp_path_factory.mktemp("small"), CLERK, **addresses, max_connections=MOST) as started:
        yield started


@pytest.mark.parametrize("data", [b"", HALF_A_HEAD, HALF_A_BODY, WHOLE], ids=["nothing", "head", "body", "idle"])
def test_valid_deliveries_are_accepted_while_a_client_occupies_all_connections(
    small: ReceiverProcess, engine: Engine, data: bytes
) -> None:
    sent = [CLERK.created(f"user_{number}") for number in range(40)]
    with occupied(small.port, data):
        until(lambda: "too_many_connections" in small.reasons())
        answers = [status_or_error(small, delivery) for delivery in sent]
    assert answers == [202] * len(sent)
    assert {delivery.svix_id for delivery in sent} <= set(values(engine, "select svix_id from webhook_events"))


def status_or_error(receiver: ReceiverProcess, sent: Sent) -> object:
    """The status, or the error's type if there was no response."""
    try:
        return receiver.deliver(sent).status_code
    except httpx.HTTPError as error:
        return type(error).__name__


def test_a_delivery_that_is_being_stored_is_never_evicted(
    start_receiver: StartReceiver, clerk: Clerk, database: Database
) -> None:
    sent = [clerk.created(f"user_{number}") for number in range(10)]
    with start_receiver(max_connections=10, store_timeout_seconds=10) as receiver, ExitStack() as held:
        with psycopg.connect(database.owner_url) as owner:
            owner.execute("lock table webhook_events")
            senders = [held.enter_context(socket.create_connection(("127.0.0.1", receiver.port), 30)) for _ in sent]
            for sender, delivery in zip(senders, sent, strict=True):
                sender.sendall(signed(delivery))
            until(lambda: not receiver.answers())  # its connection is the eleventh
        assert [sender.recv(65_536)[9:12] for sender in senders] == [b"202"] * 10


def test_connections_are_limited_by_the_hard_limit_of_open_files(
    database: Database, servers: Servers, clerk: Clerk, tmp_path: Path
) -> None:
    environment = {
        "DATABASE_URL": database.app_url,
        "REDIS_URL": servers.redis_url,
        "CLERK_WEBHOOK_SIGNING_SECRET": clerk.secrets[0],
    }
    limited = ["/bin/sh", "-c", f"ulimit -n 256 && exec {sys.executable} -m webhooks"]
    with listening("web", limited, tmp_path, environment) as started:
        receiver = ReceiverProcess(started.process, started.port, started.log)
        (warned,) = [line for line in receiver.lines() if line["event"] == "connections.limited"]
        assert (warned["max_connections"], warned["connections"], warned["open_files"]) == (4_000, 128, 256)
        with occupied(receiver.port, HALF_A_HEAD, connections=400):
            until(lambda: "too_many_connections" in receiver.reasons())
            assert {status_or_error(receiver, clerk.created(f"user_{number}")) for number in range(20)} == {202}
        assert [line for line in receiver.lines() if line["level"] in ("error", "critical")] == []


@pytest.mark.recovery
def test_an_idle_connection_stays_open_for_a_proxy(start_receiver: StartReceiver, clerk: Clerk) -> None:
    with start_receiver() as receiver, socket.create_connection(("127.0.0.1", receiver.port), timeout=30) as proxy:
        proxy.sendall(WHOLE)
        assert proxy.recv(65_536).startswith(b"HTTP/1.1 400 ")
        assert not closes(proxy, within=6)
        proxy.sendall(signed(clerk.created()))
        assert proxy.recv(65_536).startswith(b"HTTP/1.1 202 ")


@pytest.fixture(scope="module")
def impatient(
    database: Database, servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ReceiverProcess]:
    """A receiver that closes idle connections after a second."""
    addresses = {"database_url": database.app_url, "redis_url": servers.redis_url}
    with running_receiver(tmp_path_factory.mktemp("impatient"), CLERK, **addresses, keep_alive_seconds=1) as started:
        yield started


def test_an_idle_connection_is_kept_longer_than_proxies_keep_theirs() -> None:
    assert ReceiverSettings.model_fields["keep_alive_seconds"].default > PROXIES_KEEP_SECONDS


def test_empty_lines_do_not_keep_an_idle_connection_open(impatient: ReceiverProcess) -> None:
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=30) as idle:
        idle.sendall(WHOLE)
        assert idle.recv(65_536).startswith(b"HTTP/1.1 400 ")
        until(lambda: ends(idle, b"\r\n"), 20)


def test_a_connection_is_idle_after_a_request_answered_before_its_end(impatient: ReceiverProcess) -> None:
    early = WHOLE.replace(b"/clerk", b"/none").replace(b"Length: 0", b"Length: 3")
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=30) as idle:
        idle.sendall(early)
        assert idle.recv(65_536).startswith(b"HTTP/1.1 404 ")
        idle.sendall(b"abc")
        assert closes(idle, within=20)


def ends(connection: socket.socket, data: bytes) -> bool:
    """Send data; whether the peer has closed the connection."""
    try:
        connection.sendall(data)
    except ConnectionError:
        return True
    return closes(connection, within=0.2)


def closes(connection: socket.socket, within: float) -> bool:
    """Whether the peer closes within `within` seconds after the last byte of what it still sends."""
    connection.settimeout(within)
    try:
        while connection.recv(65_536):
            pass
        return True
    except TimeoutError:
        return False
    finally:
        connection.settimeout(30)
