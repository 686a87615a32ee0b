"""Migration of an empty database to the newest revision, and of a full database from the oldest one."""

import time
from collections.abc import Iterator

from bench.contenders import AKAKO
from bench.databases import Database, fresh
from bench.rows import Row
from bench.setup import Setup
from db.migrate import downgrade, upgrade

OLDEST = "0004"
"""The first revision that has all tables."""


def migrate(setup: Setup) -> Iterator[Row]:
    """Measure both; the full database is first downgraded to the oldest revision, which keeps its rows."""
    for _ in range(setup.scale.rounds):
        setup.say("migration: an empty database")
        empty = fresh(setup.servers, "bench_migrated", "template1")
        yield Row("migration", "an empty database", 0, {"seconds": _seconds(empty)})
    setup.say("migration: the grown database")
    grown = setup.grown(AKAKO).database
    downgrade(grown.owner_url, OLDEST)
    setup.checkpoint()
    yield Row("migration", f"the grown database, from {OLDEST}", 0, {"seconds": _seconds(grown)})


def _seconds(database: Database) -> float:
    start = time.perf_counter()
    upgrade(database.owner_url, database.url)
    return time.perf_counter() - start
