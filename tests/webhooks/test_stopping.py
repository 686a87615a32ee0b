"""On a stop signal a receiver completes its requests and exits with 0 in bounded time."""

import socket

import psycopg
import pytest
from sqlalchemy import Engine

from tests.clerk_sender import Clerk
from tests.dev.groups import until
from tests.ledger import values
from tests.listener import heard, status
from tests.servers import Database
from tests.webhooks.conftest import StartReceiver
from tests.webhooks.load import Load
from tests.webhooks.receiver_process import TARGET, signed

pytestmark = pytest.mark.recovery


def test_a_receiver_stopped_under_load_completes_its_requests_and_exits_with_0(
    start_receiver: StartReceiver, clerk: Clerk, engine: Engine
) -> None:
    with start_receiver() as receiver:
        load = Load(receiver.url, clerk)
        until(lambda: len(load.accepted) > 200)
        receiver.process.ask_to_end()
        load.wait()
        until(lambda: not receiver.process.runs)
    assert receiver.process.code == 0
    assert load.other == []
    assert set(load.accepted) <= set(values(engine, "select svix_id from webhook_events"))
    assert receiver.lines()[-1]["event"].startswith("Finished server process")


def test_a_request_whose_body_is_incomplete_is_completed_during_shutdown(
    start_receiver: StartReceiver, clerk: Clerk, engine: Engine
) -> None:
    whole = signed(sent := clerk.created())
    with start_receiver() as receiver, socket.create_connection(("127.0.0.1", receiver.port)) as sender:
        sender.sendall(whole[:-5])
        until(lambda: receiver.answers())
        receiver.process.ask_to_end()
        until(lambda: not receiver.answers())
        sender.sendall(whole[-5:])
        assert status(heard(sender)) == 202
        until(lambda: not receiver.process.runs)
    assert receiver.process.code == 0
    assert values(engine, "select svix_id from webhook_events") == [sent.svix_id]


def test_a_request_on_an_idle_connection_is_answered_during_shutdown(
    start_receiver: StartReceiver, clerk: Clerk, engine: Engine
) -> None:
    first, second = clerk.created("user_ada", email=None), clerk.created("user_bea", email=None)
    with start_receiver() as receiver, socket.create_connection(("127.0.0.1", receiver.port)) as sender:
        sender.sendall(signed(first).replace(b"Connection: close\r\n", b""))
        assert b"202" in sender.recv(65_536)
        receiver.process.ask_to_end()
        until(lambda: not receiver.answers())
        sender.sendall(signed(second).replace(b"Connection: close\r\n", b""))
        answer = heard(sender)
        assert (status(answer), b"connection: close" in answer) == (202, True)
        until(lambda: not receiver.process.runs)
    assert sorted(values(engine, "select svix_id from webhook_events")) == sorted([first.svix_id, second.svix_id])


def test_a_sender_that_never_finishes_does_not_prevent_shutdown(start_receiver: StartReceiver) -> None:
    with (
        start_receiver(body_timeout_seconds=1) as receiver,
        socket.create_connection(("127.0.0.1", receiver.port)) as sender,
    ):
        sender.sendall(TARGET.request("Content-Length: 10", body=b"abc"))
        until(lambda: receiver.answers())
        receiver.process.ask_to_end()
        assert status(heard(sender)) == 408
        until(lambda: not receiver.process.runs)
    assert receiver.process.code == 0


def test_an_unresponsive_database_does_not_prevent_shutdown(
    start_receiver: StartReceiver, clerk: Clerk, database: Database
) -> None:
    with start_receiver() as receiver, psycopg.connect(database.owner_url) as owner:
        owner.execute("lock table webhook_events")
        assert receiver.deliver(clerk.created()).status_code == 503
        receiver.process.ask_to_end()
        until(lambda: not receiver.process.runs)
    assert receiver.process.code == 0
