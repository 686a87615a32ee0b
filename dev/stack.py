"""Starts the stack of the demonstration: servers, tables, and the processes of the Procfile."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from sqlalchemy import Engine

from akako_guard.database import engine
from dev import clerk_instance, local_servers, ports, probes, procfile
from dev.clerk.local import LocalClerk
from dev.clerk_instance import ClerkInstance
from dev.log_tail import tail
from dev.migration import apply
from dev.processes import Processes

HOST = "127.0.0.1"
# Short intervals of the periodic tasks, and the default role that the scenario expects.
SETTINGS = {"SWEEP_SECONDS": "1", "EXPIRE_SECONDS": "1", "DEFAULT_ROLE": "LEARNER"}


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack, and how to reach it."""

    webhook: str
    secret: str
    api: str
    instance: ClerkInstance
    """Signs the tokens that the API accepts."""
    clerk: str
    """The address of the development Clerk, which delivers to the receiver and answers the API."""
    engine: Engine
    running: Processes
    log: Path
    """The log of the processes."""
    environment: Mapping[str, str]
    """The settings for commands of `akako`."""


@contextmanager
def build(directory: Path, say: Callable[[str], None], *, configured: bool = True) -> Iterator[Stack]:
    """Start the stack; it is stopped when the block is left. Raises ClickException if it does not start.

    Without `configured`, its servers are always embedded ones.
    """
    procfile.read()
    say("starting PostgreSQL and Redis")
    with local_servers.servers(directory, configured=configured) as found:
        addresses = found.addresses
        say("migrating")
        apply(addresses["DATABASE_URL"], addresses.get("DATABASE_OWNER_URL"))
        say("starting all processes and a Clerk")
        pool = engine.connect(addresses["DATABASE_URL"], "demo")
        try:
            with _processes(addresses, directory / "processes.log", pool) as stack:
                yield stack
                say("stopping everything")
        finally:
            pool.dispose()


@contextmanager
def _processes(addresses: dict[str, str], log: Path, pool: Engine) -> Iterator[Stack]:
    secret, data = local_servers.new_secret(), log.with_name("clerk")
    data.mkdir()
    key, clerk = clerk_instance.load_or_create(data), LocalClerk(data, ports.free_port(HOST))
    receiver, api = ports.free_port(HOST), ports.free_port(HOST)
    own = {local_servers.SECRET: secret, "HOST": HOST, "LOG_FORMAT": "console"}
    processes = procfile.processes(
        addresses | SETTINGS | own,
        without=("console",),
        web={"PORT": str(receiver)},
        api={"PORT": str(api), **clerk.settings(), **key.settings},
        clerk=clerk.settings(),
    )
    receiver_url, api_url = probes.url(HOST, receiver), probes.url(HOST, api)
    webhook = f"{receiver_url}/webhooks/clerk"
    processes.append(clerk.process(webhook, secret, {}))
    with (
        closing(log.open("ab")) as output,
        Processes(processes, lambda process: process.start(output)) as running,
    ):
        if not probes.wait(running, receiver_url, api_url, clerk.url):
            raise click.ClickException(f"The processes did not start. End of their log:\n{tail(log)}")
        yield Stack(
            webhook, secret, api_url, key, clerk.url, pool, running, log, addresses | SETTINGS | clerk.settings()
        )
