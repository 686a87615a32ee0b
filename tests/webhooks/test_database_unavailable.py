"""PostgreSQL unavailable, unresponsive, slow or full: 503 within 2 s, nothing acknowledged, and recovery."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest
from sqlalchemy import Engine

from config.settings import ReceiverSettings
from db.migrate import upgrade
from dev.embedded.postgres import QUICK, Postgres
from tests.clerk_sender import Clerk
from tests.dev.groups import until
from tests.ledger import values
from tests.servers import Database
from tests.webhooks.conftest import StartReceiver
from tests.webhooks.receiver_process import ReceiverProcess

pytestmark = pytest.mark.recovery

LIMIT_SECONDS = 2.0
PATIENCE_SECONDS = 1.0
"""Shorter than the default, which would leave this machine half a second for everything else."""


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    """A migrated server that a test may stop or kill."""
    with tempfile.TemporaryDirectory(prefix="akako-tests-") as directory:
        server = Postgres(Path(directory), options={**QUICK, "max_connections": "8"})
        server.start()
        upgrade(server.url("akako_owner"), server.url("akako_app"))
        yield server
        server.kill()


@contextmanager
def suspended(pid: int) -> Iterator[None]:
    """Suspend the server and all its sessions: connections stay open, but get no response."""
    server = psutil.Process(pid)
    every = [server, *server.children(recursive=True)]
    for process in every:
        process.suspend()
    try:
        yield
    finally:
        for process in every:
            process.resume()


def fill(others: ExitStack, url: str) -> None:
    """Open all remaining connections."""
    with suppress(psycopg.OperationalError):
        while True:
            others.enter_context(psycopg.connect(url))


def recovered(receiver: ReceiverProcess, clerk: Clerk) -> bool:
    return receiver.deliver(clerk.created()).status_code == 202


def assert_unavailable(answer: httpx.Response) -> None:
    """Check for 503 in time, with `Retry-After`."""
    assert (answer.status_code, answer.json()) == (503, {"error": "unavailable"})
    assert int(answer.headers["retry-after"]) > 0
    assert answer.elapsed.total_seconds() < LIMIT_SECONDS


def test_a_missing_server_is_503_and_the_receiver_stays_up(
    start_receiver: StartReceiver, clerk: Clerk, tmp_path: Path
) -> None:
    with start_receiver(database_url=f"postgresql://unknown@/nothing?host={tmp_path}") as receiver:
        assert_unavailable(receiver.deliver(clerk.created()))
        assert receiver.answers()
        assert receiver.reasons() == {"database_unavailable"}


@pytest.mark.recovery
def test_the_first_delivery_after_a_restart_of_the_server_is_accepted(
    start_receiver: StartReceiver, clerk: Clerk, postgres: Postgres
) -> None:
    with start_receiver(database_url=postgres.url("akako_app"), store_timeout_seconds=PATIENCE_SECONDS) as receiver:
        assert receiver.deliver(clerk.created()).status_code == 202
        postgres.stop()
        assert_unavailable(receiver.deliver(clerk.created()))
        postgres.start()
        assert receiver.deliver(clerk.created()).status_code == 202
        postgres.kill()
        postgres.start()
        assert receiver.deliver(clerk.created()).status_code == 202


@pytest.mark.recovery
def test_an_unresponsive_server_is_503_until_it_responds_again(
    start_receiver: StartReceiver, clerk: Clerk, postgres: Postgres
) -> None:
    with start_receiver(database_url=postgres.url("akako_app"), store_timeout_seconds=PATIENCE_SECONDS) as receiver:
        receiver.deliver(clerk.created())
        with suspended(postgres.pid):
            assert_unavailable(receiver.deliver(clerk.created()))
        until(lambda: recovered(receiver, clerk))


@pytest.mark.recovery
def test_a_server_at_its_connection_limit_is_503_until_one_is_free(
    start_receiver: StartReceiver, clerk: Clerk, postgres: Postgres
) -> None:
    with (
        start_receiver(database_url=postgres.url("akako_app"), store_timeout_seconds=PATIENCE_SECONDS) as receiver,
        ExitStack() as others,
    ):
        fill(others, postgres.url("akako_app"))
        assert_unavailable(receiver.deliver(clerk.created()))
        others.close()
        until(lambda: recovered(receiver, clerk))


def test_a_locked_table_is_503_and_nothing_is_acknowledged(
    start_receiver: StartReceiver, clerk: Clerk, database: Database, engine: Engine
) -> None:
    refused = [clerk.created(f"user_{number}") for number in range(20)]
    with start_receiver(store_timeout_seconds=PATIENCE_SECONDS) as receiver:
        with psycopg.connect(database.owner_url) as owner:
            owner.execute("lock table webhook_events")
            for answer in receiver.deliver_at_once(*refused):
                assert_unavailable(answer)
        assert receiver.reasons() == {"database_slow"}
        until(lambda: recovered(receiver, clerk))
        assert {receiver.deliver(sent).status_code for sent in refused} == {202}
    assert {sent.svix_id for sent in refused} <= set(values(engine, "select svix_id from webhook_events"))


def test_the_default_timeout_is_less_than_two_seconds() -> None:
    assert ReceiverSettings.model_fields["store_timeout_seconds"].default < LIMIT_SECONDS


def test_a_full_queue_is_503_immediately(start_receiver: StartReceiver, clerk: Clerk, database: Database) -> None:
    with start_receiver(intake_rows=1, intake_waiting_rows=1, store_timeout_seconds=3) as receiver:
        with psycopg.connect(database.owner_url) as owner:
            owner.execute("lock table webhook_events")
            answers = receiver.deliver_at_once(*(clerk.created(f"user_{number}") for number in range(6)))
        full = [answer for answer in answers if answer.elapsed.total_seconds() < LIMIT_SECONDS]
    assert {answer.status_code for answer in full} == {503}
    assert "too_many_waiting" in receiver.reasons()
    assert len(full) >= 4
