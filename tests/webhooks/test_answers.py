"""Every request gets one response that its sender can read, whatever follows on the connection."""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from sqlalchemy import Engine

from dev.embedded.servers import Servers
from tests.clerk_sender import Clerk, Sent
from tests.dev.groups import until
from tests.invalid_requests import CHUNKED, MEGABYTE
from tests.ledger import values
from tests.listener import heard
from tests.servers import Database, copy_of
from tests.webhooks.receiver_process import TARGET, ReceiverProcess, running_receiver, signed

KEEP = b"Connection: close\r\n"
CLERK = Clerk()
LARGE = 3 * len(MEGABYTE)

BEHIND = {
    "garbage": b"\x01\x02garbage\r\n\r\n",
    "a megabyte of garbage": b"\x00" * 1_048_576,
    "half a head": TARGET.start + b"Host: ak",
    "a head that is too large": TARGET.start + b"svix-id: " + b"x" * 70_000,
    "half a body": TARGET.request("Content-Length: 10", body=b"abc"),
    "a chunk without a size": TARGET.request(CHUNKED, body=b"zz\r\n"),
    "a body that is too large": TARGET.request("Content-Length: 3000000", body=b"x" * 3_000_000),
}


def statuses(answer: bytes) -> list[int]:
    """The statuses of all responses."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


@pytest.fixture(scope="module")
def database(servers: Servers, template: str) -> Iterator[Database]:
    with copy_of(servers, template) as copy:
        yield copy


@pytest.fixture(scope="module")
def receiver(
    database: Database, servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ReceiverProcess]:
    """One receiver for all of these tests."""
    addresses = {"database_url": database.app_url, "redis_url": servers.redis_url}
    with running_receiver(tmp_path_factory.mktemp("receiver"), CLERK, **addresses, body_timeout_seconds=1) as started:
        yield started


def stored(engine: Engine, *sent: Sent) -> list[bool]:
    """Whether each delivery is in the table."""
    there = values(engine, "select svix_id from webhook_events")
    return [delivery.svix_id in there for delivery in sent]


@pytest.mark.parametrize("behind", BEHIND)
@pytest.mark.parametrize("closing", [True, False], ids=["that closes", "that does not"])
def test_a_stored_delivery_is_answered_202_whatever_follows(
    receiver: ReceiverProcess, engine: Engine, behind: str, closing: bool
) -> None:
    sent = CLERK.created()
    first = signed(sent) if closing else signed(sent).replace(KEEP, b"")
    found = statuses(receiver.knock(first + BEHIND[behind]))
    assert found[:1] == [202]
    assert stored(engine, sent) == [True]
    if closing:
        assert len(found) == 1
    else:
        assert len(found) == 2
        assert 400 <= found[1] < 500


def test_pipelined_deliveries_are_all_answered_before_garbage(receiver: ReceiverProcess, engine: Engine) -> None:
    sent = [CLERK.created(f"user_{number}") for number in range(5)]
    whole = b"".join(signed(each).replace(KEEP, b"") for each in sent)
    assert statuses(receiver.knock(whole + b"\x01\x02")) == [202] * 5 + [400]
    assert stored(engine, *sent) == [True] * 5


def test_nothing_follows_a_response_that_closes_the_connection(receiver: ReceiverProcess, engine: Engine) -> None:
    first, second = CLERK.created("user_ada"), CLERK.created("user_bea")
    assert statuses(receiver.knock(signed(first) + signed(second))) == [202]
    assert stored(engine, first, second) == [True, False]


def test_a_request_answered_before_its_body_arrived_gets_no_second_response(receiver: ReceiverProcess) -> None:
    elsewhere = TARGET.request(f"Content-Length: {LARGE}").replace(KEEP, b"").replace(b"/clerk", b"/none")
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=10) as connection:
        connection.sendall(elsewhere)
        answer = connection.recv(65_536)
        for _ in range(3):
            connection.sendall(MEGABYTE)
        answer += heard(connection)
    assert statuses(answer) == [404]


@pytest.mark.parametrize("framing", ["Content-Length", "chunks"])
def test_a_sender_that_reads_only_after_sending_can_read_413(receiver: ReceiverProcess, framing: str) -> None:
    if framing == "chunks":
        whole = TARGET.request(
            CHUNKED, body=b"100000\r\n" + MEGABYTE + b"\r\n" + b"100000\r\n" + MEGABYTE + b"\r\n0\r\n\r\n"
        )
    else:
        whole = TARGET.request(f"Content-Length: {LARGE}", body=MEGABYTE * 3)
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=10) as sender:
        sender.sendall(whole)
        time.sleep(0.3)  # a reset would have arrived by now and would discard an unread response
        assert statuses(until_end(sender)) == [413]


def test_a_sender_that_never_stops_is_disconnected(receiver: ReceiverProcess) -> None:
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=10) as sender:
        sender.sendall(TARGET.request("Content-Length: 1000000000"))
        until(lambda: not can_send(sender, MEGABYTE), 30)


def test_a_sender_that_does_not_close_is_disconnected(receiver: ReceiverProcess) -> None:
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=10) as sender:
        sender.sendall(TARGET.request("Content-Length: 2000000", body=b"abc"))
        assert statuses(until_end(sender)) == [413]
        until(lambda: not can_send(sender, b"x"), 30)


def can_send(connection: socket.socket, found: bytes) -> bool:
    """Whether data can be sent; false once the peer has reset the connection."""
    with suppress(ConnectionError):
        connection.sendall(found)
        return True
    return False


def until_end(connection: socket.socket) -> bytes:
    """All data until the peer closes; raises ConnectionError if it resets the connection."""
    return b"".join(iter(lambda: connection.recv(65_536), b""))
