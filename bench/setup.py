"""The stage of a run: its servers, its size, and whoever takes part."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from bench import growth, machine, services
from bench.contender import Contender, Place
from bench.contenders import ALL
from bench.databases import OUR_TEMPLATE, calm, exists, fresh, named, rename
from bench.scale import Scale
from dev.embedded.servers import Servers
from dev.process import Process

GROWN = "bench_grown"


@dataclass(frozen=True, slots=True)
class Setup:
    """Given to each measure, which yields its rows."""

    servers: Servers
    logs: Path
    scale: Scale
    contenders: Sequence[Contender]
    say: Callable[[str], None]

    def place(self, contender: Contender) -> Place:
        """An empty place for a contender."""
        place = Place(fresh(self.servers, contender.name, contender.tables), self._redis_url(contender))
        place.empty_redis()
        return place

    def existing(self, contender: Contender) -> Place:
        """A contender's place as it was left."""
        return Place(named(self.servers, contender.name), self._redis_url(contender))

    def grown(self, contender: Contender) -> Place:
        """Our tables as they are after years; made when they are first asked for. Nothing waits in them."""
        if not exists(self.servers, GROWN):
            self.say(f"filling tables: {self.scale.grown_users:,} users, {self.scale.grown_events:,} events")
            growing = fresh(self.servers, f"{GROWN}_half", OUR_TEMPLATE)
            growth.fill(growing, self.scale.grown_users, self.scale.grown_events)
            rename(self.servers, f"{GROWN}_half", GROWN)
        place = Place(named(self.servers, GROWN), self._redis_url(contender))
        place.empty_redis()
        return place

    def calm(self) -> None:
        """Write out what earlier rounds left."""
        calm(self.servers)

    @contextmanager
    def receiver(self, contender: Contender, place: Place, processes: int = 1) -> Iterator[tuple[Process, int]]:
        """Its receiver, and the port."""
        with services.receiver(self.logs, contender, place, processes) as started:
            yield started

    @contextmanager
    def workers(self, contender: Contender, place: Place, processes: int = 2) -> Iterator[list[Process]]:
        """Its workers."""
        with services.workers(self.logs, contender, place, processes) as started:
            yield started

    def machine(self) -> dict[str, str]:
        """What all is measured on."""
        with redis.Redis.from_url(self.servers.redis_url) as client:
            server = client.info("server")
        postgres = named(self.servers, "postgres").run("show server_version")[0][0]
        valkey = server.get("valkey_version")
        return machine.describe(str(postgres), f"Valkey {valkey}" if valkey else str(server["redis_version"]))

    def _redis_url(self, contender: Contender) -> str:
        return self.servers.redis.url(1 + [each.name for each in ALL].index(contender.name))
