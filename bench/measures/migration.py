"""Migration: from nothing to the newest tables, and from the oldest with data in them, empty and full."""

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
    """The full database is brought back to the oldest revision first, which keeps its rows."""
    for _ in range(setup.scale.rounds):
        setup.say("migration: an empty database")
        nothing = fresh(setup.servers, "bench_migrated", "template1")
        yield Row("migration", "an empty database", 0, {"seconds": _seconds(nothing)})
    setup.say("migration: the grown database")
    grown = setup.grown(AKAKO).database
    downgrade(grown.owner_url, OLDEST)
    setup.calm()
    yield Row("migration", f"the grown database, from {OLDEST}", 0, {"seconds": _seconds(grown)})


def _seconds(database: Database) -> float:
    start = time.perf_counter()
    upgrade(database.owner_url, database.url)
    return time.perf_counter() - start
