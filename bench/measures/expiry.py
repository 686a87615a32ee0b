"""`expire_roles`: the rate at which the expiry of many ended assignments is recorded, and its memory use."""

import os
import time
from collections.abc import Iterator
from datetime import timedelta

import psutil

from akako_guard.database import engine
from bench import growth
from bench.contenders import AKAKO
from bench.databases import Database
from bench.rows import Row
from bench.setup import Setup
from config.settings import WorkerSettings
from sync import expiry

BATCH = int(WorkerSettings.model_fields["expire_rows"].default)


def expire(setup: Setup) -> Iterator[Row]:
    """Run once: its many batches take the place of rounds."""
    setup.say(f"expiry: {setup.scale.due:,} due")
    database = setup.place(AKAKO).database
    growth.fill(database, setup.scale.due, 0, ended=timedelta(days=1))
    setup.checkpoint()
    yield Row("expiry", AKAKO.name, setup.scale.due, _expired(database))


def _expired(database: Database) -> dict[str, float]:
    pool = engine.connect(database.url, "bench")
    start, before, runs, total = time.perf_counter(), _megabytes(), 0, 0
    while closed := expiry.expire(pool, BATCH):
        total, runs = total + closed, runs + 1
    seconds = time.perf_counter() - start
    pool.dispose()
    return {"rate": total / seconds, "seconds": seconds, "runs": runs, "grown_mb": _megabytes() - before}


def _megabytes() -> float:
    return float(psutil.Process(os.getpid()).memory_info().rss / 1e6)
