"""Who ends, and above all who does not."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine
from structlog.testing import capture_logs

from config.redis_url import RedisAddress
from health.broker import Broker
from health.heartbeat import Heartbeat
from health.progress import Progress
from health.thread import BROKEN
from health.watchdog import Watchdog
from tests.dev.groups import until
from tests.ledger import values
from tests.servers import Database

PATIENCE = 0.4
LOOKS = 40
"""How often a process that must not end is checked: for four times the timeout."""
NOWHERE = "postgresql://akako@127.0.0.1:1/akako"
SEEN = "select extract(epoch from now() - moved_at)::float8 from heartbeats where part = 'beat'"


class Looks:
    """Says whether work waits, and counts how often it was asked."""

    def __init__(self, waits: Callable[[], bool]) -> None:
        self.count = 0
        self.meanwhile: Callable[[], None] = lambda: None
        self._waits = waits

    def __call__(self) -> bool:
        self.count += 1
        self.meanwhile()
        return self._waits()


class Watched:
    """A part under a watch that notes its end in place of ending this test."""

    def __init__(
        self,
        database_url: str,
        waits: Callable[[], bool] = lambda: True,
        stuck: Callable[[], bool] = lambda: False,
    ) -> None:
        self.ended = threading.Event()
        self.progress = Progress()
        self.looks = Looks(waits)
        self.heartbeat = Heartbeat(database_url, "beat")
        self.watch = Watchdog(
            "beat",
            self.progress,
            self.heartbeat,
            self.looks,
            stuck=stuck,
            end=self._end,
            patience=PATIENCE,
            every=PATIENCE / 10,
        )

    def _end(self) -> None:
        self.ended.set()
        self.watch.stop()


@contextmanager
def watched(database_url: str, **given: Callable[[], bool]) -> Iterator[Watched]:
    part = Watched(database_url, **given)
    part.watch.ready()
    part.watch.start()
    try:
        yield part
    finally:
        part.watch.stop()
        part.watch.join(10)
        part.heartbeat.close()


def test_a_part_ends_that_does_not_move_while_work_waits_and_says_so(database: Database) -> None:
    with capture_logs() as said, watched(database.app_url) as part:
        assert part.ended.wait(10)
    (line,) = said
    assert (line["event"], line["log_level"], line["exit_code"]) == ("beat.stalled", "critical", 75)
    assert line["stalled_seconds"] >= PATIENCE
    assert not part.watch.is_progressing


def test_a_part_ends_that_holds_something_for_longer_than_can_be(database: Database) -> None:
    with watched(database.app_url, waits=lambda: False, stuck=lambda: True) as part:
        assert part.ended.wait(10)


def test_a_part_that_is_not_ready_yet_is_given_longer(database: Database) -> None:
    part = Watched(database.app_url)
    part.watch.start()
    until(lambda: part.looks.count > LOOKS)
    assert not part.ended.is_set()
    part.watch.ready()
    assert part.ended.wait(10)
    part.heartbeat.close()


def test_a_part_that_is_idle_does_not_end(database: Database) -> None:
    with watched(database.app_url, waits=lambda: False) as part:
        until(lambda: part.looks.count > LOOKS)
        assert not part.ended.is_set()


def test_a_part_that_moves_does_not_end(database: Database) -> None:
    with watched(database.app_url) as part:
        part.looks.meanwhile = part.progress.record
        until(lambda: part.looks.count > LOOKS)
        assert part.watch.is_progressing
        assert not part.ended.is_set()


def test_a_part_does_not_end_while_redis_is_away(database: Database) -> None:
    with watched(database.app_url, waits=Broker(RedisAddress("redis://127.0.0.1:1/0")).takes_messages) as part:
        until(lambda: part.looks.count > LOOKS)
        assert not part.ended.is_set()


def test_a_part_does_not_end_while_postgresql_is_away_and_says_so_once() -> None:
    with capture_logs() as said, watched(NOWHERE) as part:
        until(lambda: part.looks.count > LOOKS)
        assert not part.ended.is_set()
    assert [line["event"] for line in said] == ["heartbeat.missed"]


def test_patience_begins_anew_after_a_look_that_came_late(database: Database) -> None:
    held = threading.Event()
    with watched(database.app_url, waits=lambda: held.wait(5) or True) as part:
        until(lambda: part.progress.stalled_seconds > 4.5)
        held.set()
        looks = part.looks.count
        until(lambda: part.looks.count > looks + 2)
        assert not part.ended.is_set()
        assert part.ended.wait(10)


def test_it_is_written_down_when_a_part_moved(database: Database, engine: Engine) -> None:
    with watched(database.app_url, waits=lambda: False):
        until(lambda: values(engine, SEEN))
    (seconds,) = values(engine, SEEN)
    assert 0 <= seconds < 10


def test_of_two_processes_the_one_that_moved_last_is_written_down(database: Database, engine: Engine) -> None:
    heartbeat = Heartbeat(database.app_url, "beat")
    heartbeat.beat(stalled_seconds=0)
    heartbeat.beat(stalled_seconds=1_000)
    heartbeat.close()
    (seconds,) = values(engine, SEEN)
    assert seconds < 100


def test_a_part_that_is_told_to_end_is_left_to_it(database: Database) -> None:
    with watched(database.app_url) as part:
        part.watch.stop()
        until(lambda: part.watch.stalled_seconds > 3 * PATIENCE)
        assert not part.ended.is_set()


BREAKS = """
import time
from config import logs
from health.heartbeat import Heartbeat
from health.progress import Progress
from health.thread import BROKEN
from health.watchdog import Watchdog

logs.configure("worker", form="json")
heartbeat = Heartbeat("postgresql://akako@127.0.0.1:1/akako", "worker")
Watchdog("worker", Progress(), heartbeat, lambda: 1 // 0, every=0.1).start()
time.sleep(60)
"""


@pytest.mark.processes
def test_a_watch_that_breaks_ends_its_process_loudly() -> None:
    ended = subprocess.run([sys.executable, "-c", BREAKS], capture_output=True, text=True, timeout=30, check=False)
    (line,) = ended.stdout.splitlines()
    said = json.loads(line)
    assert ended.returncode == BROKEN
    assert (said["event"], said["thread"], said["error"]) == ("thread.died", "watchdog", "ZeroDivisionError")
