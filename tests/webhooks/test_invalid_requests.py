"""Every invalid request gets a constant 4xx response, is not stored, and does not harm the process."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine

from dev.embedded.servers import Servers
from serving.rejection import BODY
from tests.clerk_sender import Clerk
from tests.dev.groups import until
from tests.invalid_requests import CHUNKED, NO_BODY
from tests.ledger import values
from tests.listener import silent, status
from tests.servers import Database, copy_of
from tests.webhooks.invalid_deliveries import CLERK, SENT, accepted, refusals
from tests.webhooks.receiver_process import TARGET, ReceiverProcess, running_receiver, signed

FLUSH_MEGABYTES = 25
"""How much memory an allocator may retain after a peak."""


@pytest.fixture(scope="module")
def database(servers: Servers, template: str) -> Iterator[Database]:
    with copy_of(servers, template) as copy:
        yield copy


@pytest.fixture(scope="module")
def receiver(
    database: Database, servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ReceiverProcess]:
    addresses = {"database_url": database.app_url, "redis_url": servers.redis_url}
    with running_receiver(tmp_path_factory.mktemp("receiver"), CLERK, **addresses, body_timeout_seconds=0.5) as started:
        yield started


@pytest.fixture(autouse=True)
def unharmed(receiver: ReceiverProcess, engine: Engine) -> Iterator[None]:
    """After each test the process responds, has logged no error, and has stored nothing that Clerk did not sign."""
    yield
    assert receiver.answers()
    assert [line for line in receiver.lines() if line["level"] in ("error", "critical")] == []
    assert values(engine, "select svix_id from webhook_events where svix_id not like 'msg_signed%%'") == []


@pytest.mark.parametrize("what", refusals())
def test_an_invalid_request_is_refused_with_a_constant_body_and_a_logged_reason(
    receiver: ReceiverProcess, what: str
) -> None:
    pieces, due, reason = refusals()[what]
    answer = receiver.knock(*pieces)
    assert (status(answer), answer.endswith(BODY)) == (due, True)
    assert reason in receiver.reasons()


def test_a_response_does_not_reveal_the_server_or_the_reason(receiver: ReceiverProcess) -> None:
    head = receiver.knock(signed(Clerk().created())).partition(b"\r\n\r\n")[0]
    names = {line.partition(b":")[0] for line in head.split(b"\r\n")[1:]}
    assert names == {b"content-length", b"content-type", b"connection"}


@pytest.mark.parametrize("how", accepted())
def test_a_signed_delivery_is_accepted_with_any_framing(receiver: ReceiverProcess, how: str) -> None:
    answer = receiver.knock(accepted()[how]).removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert (status(answer), answer.endswith(b'{"status":"accepted"}')) == (202, True)


def test_pipelined_requests_are_all_answered(receiver: ReceiverProcess) -> None:
    first, second = (signed(CLERK.send(SENT.body, svix_id=f"msg_signed_{place}")) for place in ("first", "second"))
    answer = receiver.knock(first.replace(b"Connection: close\r\n", b"") + second)
    assert answer.count(b"HTTP/1.1 202 ") == 2


def test_ten_thousand_pipelined_requests_close_the_connection(receiver: ReceiverProcess) -> None:
    before = receiver.megabytes()
    answer = receiver.knock(TARGET.request(NO_BODY).replace(b"Connection: close\r\n", b"") * 10_000)
    assert answer.endswith(BODY)
    assert "pipeline_too_long" in receiver.reasons()
    assert receiver.megabytes() < before + FLUSH_MEGABYTES


def test_a_sender_that_disconnects_early_has_no_effect(receiver: ReceiverProcess) -> None:
    whole = signed(CLERK.created())
    for end in (0, 1, 20, 100, len(whole) - len(SENT.body), len(whole) - 1):
        receiver.knock(whole[:end], leave=True)
    assert receiver.answers()
    assert "sender_left" in receiver.reasons()


def test_an_unread_body_that_trickles_is_disconnected(receiver: ReceiverProcess) -> None:
    endless = TARGET.request(CHUNKED).replace(b"Connection: close\r\n", b"").replace(b"/clerk", b"/none")
    answer = receiver.knock(endless)
    assert status(answer) == 404
    assert "request_too_slow" in receiver.reasons()


def test_a_hundred_concurrent_large_bodies_do_not_exhaust_memory(receiver: ReceiverProcess) -> None:
    before = receiver.megabytes()
    with ThreadPoolExecutor(100) as clients:
        list(clients.map(receiver.knock, [TARGET.request("Content-Length: 1048576", body=b"x" * 1_000_000)] * 100))
    assert receiver.megabytes() < before + 33 + FLUSH_MEGABYTES
    assert "too_much_at_once" in receiver.reasons()


def test_ten_thousand_refusals_add_few_log_lines_and_no_memory(receiver: ReceiverProcess) -> None:
    refused = TARGET.request(NO_BODY).replace(b"Connection: close\r\n", b"")
    lines, before = len(receiver.lines()), receiver.megabytes()
    answers = [receiver.knock(refused * 7 + TARGET.request(NO_BODY)) for _ in range(1_250)]
    assert sum(answer.count(b" 400 ") for answer in answers) == 10_000
    assert len(receiver.lines()) < lines + 20
    assert receiver.megabytes() < before + FLUSH_MEGABYTES


def test_connections_above_the_limit_are_closed_until_others_end(
    database: Database, servers: Servers, tmp_path: Path
) -> None:
    addresses = {"database_url": database.app_url, "redis_url": servers.redis_url}
    with running_receiver(tmp_path, CLERK, **addresses, max_connections=20) as small, ExitStack() as held:
        for _ in range(40):
            held.enter_context(socket.create_connection(("127.0.0.1", small.port), timeout=5))
        until(lambda: "too_many_connections" in small.reasons())
        held.close()
        until(small.answers)


def test_a_thousand_silent_connections_do_not_block_the_receiver(receiver: ReceiverProcess) -> None:
    with ExitStack() as held:
        silent(receiver, held)
        assert receiver.answers()
