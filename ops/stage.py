"""Everything that the demonstration runs on: servers, tables, and the processes as the Procfile says."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from sqlalchemy import Engine

from db import engine
from ops import ground, health, procfile
from ops.log import tail
from ops.migrate import apply
from ops.processes import Processes

HOST = "127.0.0.1"
# Short, so that nobody waits for the calendar.
INTERVALS = {"SWEEP_SECONDS": "1", "EXPIRE_SECONDS": "1"}


@dataclass(frozen=True, slots=True)
class Stage:
    """What is running, and how to reach it."""

    webhook: str
    secret: str
    engine: Engine
    running: Processes
    log: Path
    """What the processes say."""


@contextmanager
def build(directory: Path, say: Callable[[str], None]) -> Iterator[Stage]:
    """Start everything; when the block is left, however it is left, everything has ended."""
    procfile.read()
    say("starting PostgreSQL and Redis")
    with ground.servers(directory) as addresses:
        say("migrating")
        apply(addresses["DATABASE_URL"], addresses.get("DATABASE_OWNER_URL"))
        say("starting receiver, worker and calendar")
        pool = engine.connect(addresses["DATABASE_URL"], "demo")
        try:
            with _processes(addresses, directory / "processes.log", pool) as stage:
                yield stage
                say("ending everything")
        finally:
            pool.dispose()


@contextmanager
def _processes(addresses: dict[str, str], log: Path, pool: Engine) -> Iterator[Stage]:
    secret, port = ground.new_secret(), ground.free_port(HOST)
    own = {ground.SECRET: secret, "HOST": HOST, "PORT": str(port), "LOG_FORMAT": "console"}
    url = health.url(HOST, port)
    with (
        closing(log.open("ab")) as output,
        Processes(procfile.processes(addresses | INTERVALS | own), lambda process: process.start(output)) as running,
    ):
        if not health.wait(url, running):
            raise click.ClickException(f"the processes did not start; the end of their log:\n{tail(log)}")
        yield Stage(f"{url}/webhooks/clerk", secret, pool, running, log)
