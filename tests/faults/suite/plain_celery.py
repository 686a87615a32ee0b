"""The same kills for plain Celery on Redis without a table, for comparison; not judged."""

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
from celery import Celery

from dev.embedded.redis import DURABLE
from dev.embedded.servers import Servers
from dev.process import Process
from dev.processes import Processes
from tests.faults.suite.conditions import Say
from tests.faults.suite.verdict import Verdict

RATE = 200
SILENCE_SECONDS = 30
"""Three times the visibility timeout without a new effect: effects that are missing then count as lost."""
EFFECTS = "select count(distinct number), count(*) - count(distinct number) from plain_effects"


@dataclass(frozen=True, slots=True)
class PlainCelery:
    """Celery's worker and Redis under kills; Redis persists its messages."""

    name: str
    break_it: Callable[[Servers, Process], None]
    times: int
    short: int = 0
    least: int = 6_000

    def run(self, times: int, say: Say) -> Verdict:
        """Send numbers, kill `times` times, wait, and count numbers without an effect or with more than one."""
        verdict = Verdict(self.name, times, note="for comparison: tuned, late acknowledgement, appendonly")
        with (
            tempfile.TemporaryDirectory(prefix="akako-faults-") as directory,
            Servers(Path(directory), redis_options=DURABLE) as servers,
            psycopg.connect(servers.postgres.url("postgres"), autocommit=True) as connection,
            (Path(directory) / "plain.log").open("ab") as log,
        ):
            connection.execute("create table plain_effects (number integer)")
            worker = _worker(servers)
            with Processes([worker], lambda process: process.start(log)) as running:
                threading.Thread(target=running.keep_running, args=(lambda _: None,), daemon=True).start()
                self._run(servers, worker, connection, verdict, say)
                running.stop()
                worker.kill()
        return verdict

    def _run(
        self, servers: Servers, worker: Process, connection: psycopg.Connection, verdict: Verdict, say: Say
    ) -> None:
        publisher = Publisher(servers.redis_url)
        publisher.start()
        for number in range(verdict.times):
            say(f"{self.name}: {number + 1} of {verdict.times}, {publisher.accepted:,} sent")
            time.sleep(3)
            self.break_it(servers, worker)
        while publisher.accepted < self.least * verdict.times // self.times:
            time.sleep(0.1)
        publisher.finish()
        say(f"{self.name}: waiting until no new effect appears")
        done, twice = _settled(connection)
        verdict.accepted, verdict.lost, verdict.twice = publisher.accepted, publisher.accepted - done, twice
        verdict.compared = True


class Publisher:
    """Sends numbers in order, each until Redis accepts it."""

    def __init__(self, redis_url: str) -> None:
        self.accepted = 0
        self._celery = Celery(broker=redis_url, set_as_current=False)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Start sending."""
        self._thread.start()

    def finish(self) -> None:
        """Stop sending."""
        self._stopped.set()
        self._thread.join()
        self._celery.close()

    def _run(self) -> None:
        while not self._stopped.wait(1 / RATE):
            try:
                self._celery.send_task("apply_payload", args=(self.accepted,), ignore_result=True)
            except Exception:  # any error: not accepted, so it is sent again
                continue
            self.accepted += 1


def kill_worker(_: Servers, worker: Process) -> None:
    """Kill the worker's process group with SIGKILL."""
    os.killpg(worker.pid, 9)


def kill_redis(servers: Servers, _: Process) -> None:
    """Kill Redis with SIGKILL, and restart it."""
    servers.redis.kill()
    servers.redis.start()


def _worker(servers: Servers) -> Process:
    arguments = [
        str(Path(sys.executable).with_name("celery")),
        "-A",
        "tests.faults.suite.plain_tasks",
        "worker",
        "--concurrency=2",
    ]
    environment = {"REDIS_URL": servers.redis_url, "DATABASE_URL": servers.postgres.url("postgres")}
    return Process("plain", [*arguments, "--without-gossip", "--without-mingle"], environment=environment)


def _settled(connection: psycopg.Connection) -> tuple[int, int]:
    """The number of distinct and of surplus effects, after SILENCE_SECONDS without a new one."""
    seen, since = (-1, -1), time.monotonic()
    while time.monotonic() - since < SILENCE_SECONDS:
        now = connection.execute(EFFECTS).fetchone() or (0, 0)
        if now != seen:
            seen, since = (int(now[0]), int(now[1])), time.monotonic()
        time.sleep(0.5)
    return seen
