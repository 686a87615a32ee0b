"""A worker whose watchdog is blocked, or that does not stop, ends, as a process: nothing in it has to work for that."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from config.redis_url import RedisAddress
from dev.clerk_instance import NO_BACKEND
from dev.process import Process
from dev.procfile import PATH
from health.thread import BROKEN
from sync import broker
from tests.dev.groups import until
from tests.proxy import postgresql_proxy
from tests.servers import Database

pytestmark = pytest.mark.recovery

WORKER = """
import sys
from health import metrics_dir, watchdog
watchdog.BLOCKED_SECONDS = {blocked}
watchdog.STOPPING_SECONDS = {stopping}
{fault}
from celery.__main__ import main
sys.argv[:] = ["celery", "--quiet", "-A", "worker.app", "worker", "--without-gossip", "--without-mingle"]
main()
"""
NEVER = 600
NOWHERE = "postgresql://akako@127.0.0.1:1/akako"
ENDED_BY_DEADLINE = 1
GIVEN_UP_SECONDS = 20
"""Less than the 30 s for which Celery's child would wait until its parent has read the result of the task."""
DISCONNECT = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'akako worker watch'"


class Worker:
    """A worker with one child process, and with short deadlines."""

    def __init__(self, process: Process, output: Path) -> None:
        self.process = process
        self._output = output

    @property
    def text(self) -> str:
        """What it wrote."""
        return self._output.read_text()

    def children(self) -> list[psutil.Process]:
        """Its child processes."""
        return psutil.Process(self.process.pid).children()

    def ended(self) -> bool:
        """Whether it has ended."""
        return self.process.code is not None


Start = Callable[..., Worker]


@pytest.fixture
def start(redis_url: str, tmp_path: Path) -> Iterator[Start]:
    """Starts a worker, and returns when it is ready."""
    started: list[Worker] = []

    def begin(database_url: str, *, blocked: float = NEVER, stopping: float = NEVER, fault: str = "") -> Worker:
        process = Process(
            "worker",
            [sys.executable, "-c", WORKER.format(blocked=blocked, stopping=stopping, fault=fault)],
            environment={
                **NO_BACKEND,
                "DATABASE_URL": database_url,
                "REDIS_URL": redis_url,
                "METRICS_PORT": "0",
                "WORKER_PROCESSES": "1",
            },
            directory=PATH.parent,
        )
        worker = Worker(process, tmp_path / "worker.log")
        with (tmp_path / "worker.log").open("wb") as output:
            process.start(output)
        started.append(worker)
        until(lambda: " ready." in worker.text or worker.ended())
        return worker

    yield begin
    for worker in started:
        worker.process.kill()


def test_a_worker_whose_watchdog_waits_for_a_silent_server_ends_with_the_stacks_of_its_threads(
    start: Start, database: Database
) -> None:
    with postgresql_proxy(database.app_url) as (road, url):
        worker = start(url, blocked=10)
        (child,) = worker.children()
        road.swallow(b"heartbeats")
        with psycopg.connect(database.superuser_url) as administrator:
            administrator.execute(DISCONNECT)  # a new connection sends the whole statement again
        assert road.swallowed.wait(30)
        # A fork waits for the watchdog, so the main thread cannot replace the child, and SIGTERM has no effect.
        child.kill()
        until(lambda: not psutil.pid_exists(child.pid))
        os.kill(worker.process.pid, signal.SIGTERM)
        until(worker.ended, 60)
    assert worker.process.code == ENDED_BY_DEADLINE
    for waiting in ("in _beat", "in before"):
        assert waiting in worker.text


def test_a_worker_that_does_not_stop_ends_with_its_child(start: Start, database: Database) -> None:
    worker = start(database.app_url, stopping=3)
    (child,) = worker.children()
    child.suspend()
    os.kill(worker.process.pid, signal.SIGTERM)
    until(worker.ended, 60)
    assert worker.process.code == ENDED_BY_DEADLINE
    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, 10)


def test_a_worker_whose_watchdog_works_outlives_the_deadline_and_stops(start: Start, database: Database) -> None:
    worker = start(database.app_url, blocked=4)

    def beats() -> int:
        with psycopg.connect(database.owner_url) as owner:
            return len(owner.execute("select from heartbeats where now() - seen_at < interval '2 s'").fetchall())

    for _ in range(2):
        until(lambda: not beats())
        until(beats)
    os.kill(worker.process.pid, signal.SIGTERM)
    until(worker.ended, 60)
    assert worker.process.code == 0
    assert "Timeout" not in worker.text


def test_a_worker_does_not_wait_for_a_task_that_it_gave_up_when_it_stops(
    start: Start, database: Database, redis_url: str
) -> None:
    worker = start(database.app_url)
    with redis.Redis.from_url(redis_url) as client:
        until(lambda: not client.exists("akako:calendar", "akako:unacked"))
        (child,) = worker.children()
        child.suspend()
        broker.consumer(RedisAddress(redis_url)).send_task(broker.SWEEP, queue=broker.CALENDAR)
        until(lambda: client.exists("akako:unacked"))
    time.sleep(1)
    # The child has the task and has not accepted it: when it stops, the worker leaves such a task to the next worker.
    os.kill(worker.process.pid, signal.SIGTERM)
    time.sleep(2)
    child.resume()
    until(worker.ended, GIVEN_UP_SECONDS)
    assert worker.process.code == 0


def test_a_worker_that_cannot_start_its_watchdog_ends(start: Start) -> None:
    worker = start(NOWHERE, fault="from worker import liveness; liveness.worker_watchdog = None")
    assert worker.process.code == BROKEN
    assert "start.failed" in worker.text


def test_a_child_that_cannot_open_what_its_tasks_need_ends_and_says_so(start: Start) -> None:
    worker = start(NOWHERE, fault="from worker import process; process.open_resources = None")
    # Celery ends a worker whose children end while it starts, and replaces those that end later.
    until(lambda: worker.ended() or worker.text.count("start.failed") > 2)
    assert worker.process.code in (1, None)
    assert "start.failed" in worker.text
