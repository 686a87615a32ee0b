"""The environment of a run: servers, scale and contenders."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from bench import growth, machine, services
from bench.contender import Contender, Place
from bench.contenders import ALL
from bench.databases import OUR_TEMPLATE, checkpoint, exists, fresh, named, rename
from bench.scale import Scale
from dev.embedded.servers import Servers
from dev.process import Process

GROWN = "bench_grown"


@dataclass(frozen=True, slots=True)
class Setup:
    """Passed to each measure, which yields its rows."""

    servers: Servers
    logs: Path
    scale: Scale
    contenders: Sequence[Contender]
    say: Callable[[str], None]

    def place(self, contender: Contender) -> Place:
        """A new, empty place for a contender."""
        place = Place(fresh(self.servers, contender.name, contender.tables), self._redis_url(contender))
        place.empty_redis()
        return place

    def existing(self, contender: Contender) -> Place:
        """The existing place of a contender."""
        return Place(named(self.servers, contender.name), self._redis_url(contender))

    def grown(self, contender: Contender) -> Place:
        """Akako Sync's tables after years of use, created on first use, without pending events."""
        if not exists(self.servers, GROWN):
            self.say(f"filling tables: {self.scale.grown_users:,} users, {self.scale.grown_events:,} events")
            growing = fresh(self.servers, f"{GROWN}_half", OUR_TEMPLATE)
            growth.fill(growing, self.scale.grown_users, self.scale.grown_events)
            rename(self.servers, f"{GROWN}_half", GROWN)
        place = Place(named(self.servers, GROWN), self._redis_url(contender))
        place.empty_redis()
        return place

    def checkpoint(self) -> None:
        """Run a checkpoint, so that a round does not pay for earlier ones."""
        checkpoint(self.servers)

    @contextmanager
    def receiver(self, contender: Contender, place: Place, processes: int = 1) -> Iterator[tuple[Process, int]]:
        """The contender's receiver and its port."""
        with services.receiver(self.logs, contender, place, processes) as started:
            yield started

    @contextmanager
    def workers(self, contender: Contender, place: Place, processes: int = 2) -> Iterator[list[Process]]:
        """The contender's workers."""
        with services.workers(self.logs, contender, place, processes) as started:
            yield started

    def machine(self) -> dict[str, str]:
        """The machine and the versions of this run."""
        with redis.Redis.from_url(self.servers.redis_url) as client:
            server = client.info("server")
        postgres = named(self.servers, "postgres").run("show server_version")[0][0]
        valkey = server.get("valkey_version")
        return machine.describe(str(postgres), f"Valkey {valkey}" if valkey else str(server["redis_version"]))

    def _redis_url(self, contender: Contender) -> str:
        return self.servers.redis.url(1 + [each.name for each in ALL].index(contender.name))
