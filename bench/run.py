"""One run: every measurement, one after the other, on one pair of servers."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from bench import applying, backlog, growth, machine, memory, receiving, services, visible
from bench.databases import OUR_TEMPLATE, USUAL_TEMPLATE, Database, calm, fresh, make_templates
from bench.scale import Scale
from ops.embedded.servers import Servers

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Results:
    """All that one run measured."""

    machine: dict[str, str]
    scale: Scale
    receiving: list[receiving.Measured]
    applying: list[applying.Measured]
    visible: visible.Visible
    receiver_mb: float
    """Resident memory of our receiver after all its rounds."""
    worker_mb: list[float]
    """Resident memory of our worker's processes after the long backlog, the largest first."""


@dataclass(frozen=True, slots=True)
class Bench:
    """The servers and the place of one run."""

    servers: Servers
    logs: Path
    scale: Scale
    say: Say

    def run(self) -> Results:
        """Measure everything."""
        make_templates(self.servers)
        full = self._full_tables()
        received, receiver_mb = self._receiving(full)
        return Results(
            machine=self._machine(),
            scale=self.scale,
            receiving=received,
            receiver_mb=receiver_mb,
            visible=self._visible(),
            applying=applying.measure(self._workers(full), self.scale.apply_rounds, self.say),
            worker_mb=self._memory(),
        )

    def _machine(self) -> dict[str, str]:
        database = fresh(self.servers, "look", OUR_TEMPLATE)
        with redis.Redis.from_url(self.servers.redis_url) as client:
            server = client.info("server")
        return machine.describe(
            str(database.run("show server_version")[0][0]),
            f"Valkey {server['valkey_version']}" if "valkey_version" in server else str(server["redis_version"]),
        )

    def _full_tables(self) -> Database:
        self.say(f"filling tables with {self.scale.many:,} users and as many events")
        full = fresh(self.servers, "full", OUR_TEMPLATE)
        growth.fill(full, self.scale.many)
        return full

    def _receiving(self, full: Database) -> tuple[list[receiving.Measured], float]:
        empty, usual = fresh(self.servers, "empty", OUR_TEMPLATE), fresh(self.servers, "usual", USUAL_TEMPLATE)
        queue = self.servers.redis.url
        with ExitStack() as stack:
            ours, port = stack.enter_context(services.ours(self.logs, empty, queue(0)))
            _, full_port = stack.enter_context(services.ours(self.logs, full, queue(1)))
            _, usual_port = stack.enter_context(services.peer(self.logs, "usual", usual, queue(2)))
            _, bare_port = stack.enter_context(services.peer(self.logs, "bare", None, queue(3)))
            contenders = [
                receiving.Contender("bare", bare_port, None, self._calm),
                receiving.Contender("ours", port, empty, lambda: self._emptied(empty)),
                receiving.Contender("usual", usual_port, usual, lambda: self._emptied(usual)),
                receiving.Contender("ours, full tables", full_port, full, self._calm),
            ]
            self.say("receiver: warming up")
            for contender in contenders:
                receiving.load(contender, "warm", self.scale.connections[0], min(1.0, self.scale.seconds))
            measured = receiving.measure(
                contenders, self.scale.connections, self.scale.seconds, self.scale.rounds, self.say
            )
            return measured, memory.resident(ours.pid)[0]

    def _workers(self, full: Database) -> list[applying.Contender]:
        return [
            self._our_worker("ours", lambda: fresh(self.servers, "empty", OUR_TEMPLATE), self.scale.backlog),
            self._our_worker("ours, full tables", lambda: self._nothing_waits(full), self.scale.backlog),
            applying.Contender(
                name="usual",
                backlog=self.scale.usual_backlog,
                database=lambda: fresh(self.servers, "usual", USUAL_TEMPLATE),
                fill=lambda database, run, count: backlog.usual(database, self.servers.redis.url(2), run, count),
                worker=lambda database: services.usual_worker(self.logs, database, self.servers.redis.url(2)),
                waits="applied_at is null",
                poll_seconds=0.1,
            ),
        ]

    def _our_worker(self, name: str, database: Callable[[], Database], events: int) -> applying.Contender:
        return applying.Contender(
            name=name,
            backlog=events,
            database=database,
            fill=lambda database, run, count: backlog.ours(database, self.servers.redis.url(0), run, count),
            worker=lambda database: services.our_worker(self.logs, database, self.servers.redis.url(0)),
            waits="status = 'received'",
            poll_seconds=0.02,
        )

    def _nothing_waits(self, full: Database) -> Database:
        """The full tables, without what the receiver's rounds left waiting."""
        full.run("delete from webhook_events where status = 'received'")
        full.run("vacuum analyze webhook_events")
        return full

    def _visible(self) -> visible.Visible:
        self.say(f"visible: {self.scale.visible_rate:g} deliveries/s for {self.scale.visible_seconds:g} s")
        database, queue = fresh(self.servers, "visible", OUR_TEMPLATE), self.servers.redis.url(4)
        with self._whole_path(database, queue) as port:
            return visible.measure(port, database, self.scale.visible_rate, self.scale.visible_seconds)

    @contextmanager
    def _whole_path(self, database: Database, queue: str) -> Iterator[int]:
        with services.ours(self.logs, database, queue) as (_, port), services.our_worker(self.logs, database, queue):
            yield port

    def _memory(self) -> list[float]:
        self.say(f"memory: {self.scale.long_backlog:,} events")
        database = fresh(self.servers, "long", OUR_TEMPLATE)
        contender = self._our_worker("ours", lambda: database, self.scale.long_backlog)
        return applying.apply(contender, "long").worker_mb

    def _calm(self) -> None:
        for number in range(4):
            with redis.Redis.from_url(self.servers.redis.url(number)) as client:
                client.flushdb()
        calm(self.servers)

    def _emptied(self, database: Database) -> None:
        database.run("truncate webhook_events")
        self._calm()
