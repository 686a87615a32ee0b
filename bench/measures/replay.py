"""`akako events replay` of many events: pending ones, which it applies, and applied ones, which change nothing."""

import os
import subprocess
import time
from collections.abc import Iterator

import psutil

from bench.contenders import AKAKO
from bench.databases import Database
from bench.measures import applies
from bench.rows import Row, Values
from bench.setup import Setup
from dev.process import SEARCH_PATH

COMMAND = ("akako", "events", "replay", "--all", "--reason", "The benchmark.")
WAITING, APPLIED = "akako, waiting events", "akako, applied events"
LOOK_SECONDS = 0.1


def replay(setup: Setup) -> Iterator[Row]:
    """Measure the command as an operator runs it, including its start."""
    for number in range(setup.scale.rounds):
        place, events = setup.place(AKAKO), setup.scale.burst
        setup.say(f"replay: round {number + 1}, {events:,} events")
        with setup.receiver(AKAKO, place) as (_, port):
            applies.fill(port, f"p{number}", events)
        for name in (WAITING, APPLIED):
            setup.checkpoint()
            yield Row("replay", name, events, _replayed(place.database, events))


def _replayed(database: Database, events: int) -> Values:
    environment = {**os.environ, "PATH": SEARCH_PATH, "DATABASE_URL": database.url}
    start, largest = time.perf_counter(), 0.0
    with subprocess.Popen(COMMAND, env=environment, stdout=subprocess.PIPE, text=True) as command:
        process = psutil.Process(command.pid)
        while command.poll() is None:
            largest = max(largest, process.memory_info().rss / 1e6)
            time.sleep(LOOK_SECONDS)
        seconds = time.perf_counter() - start
        printed = command.stdout.read() if command.stdout else ""
    if printed.strip() != f"{events:,} applied, 0 ignored, 0 skipped":
        raise RuntimeError(f"replaying {events:,} events printed: {printed.strip() or 'nothing'}")
    return {"rate": events / seconds, "seconds": seconds, "largest_mb": largest}
