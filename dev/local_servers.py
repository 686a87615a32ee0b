"""PostgreSQL and Redis for local processes: configured servers, or embedded ones where none is configured."""

import base64
import os
import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import click

from akako_guard.database_url import names_pooler, normalise
from dev.embedded.missing import EmbeddedMissing
from dev.embedded.postgres import Postgres
from dev.embedded.redis import Redis

SECRET = "CLERK_WEBHOOK_SIGNING_SECRET"  # noqa: S105 - the variable's name
Server = TypeVar("Server", Postgres, Redis)


@dataclass(frozen=True, slots=True)
class RunningServers:
    """The servers in use."""

    addresses: dict[str, str]
    """DATABASE_URL, REDIS_URL and, if there is one, DATABASE_OWNER_URL."""
    embedded: tuple[Postgres | Redis, ...]
    """The servers that were started."""


@contextmanager
def servers(
    directory: Path, *, redis_options: Mapping[str, str] = MappingProxyType({}), configured: bool = True
) -> Iterator[RunningServers]:
    """The servers of the environment, and embedded ones for those that it does not set; the latter stop with the block.

    Without `configured`, the environment is not read. Raises ClickException if one does not start.
    """
    addresses = _given() if configured else {}
    embedded: list[Postgres | Redis] = []
    with ExitStack() as stack:
        try:
            if "DATABASE_URL" not in addresses:
                postgres = _started(Postgres(directory), stack)
                embedded.append(postgres)
                addresses |= {
                    "DATABASE_URL": postgres.url("akako_app"),
                    "DATABASE_OWNER_URL": postgres.url("akako_owner"),
                }
            if "REDIS_URL" not in addresses:
                redis = _started(Redis(directory, options=redis_options), stack)
                embedded.append(redis)
                addresses["REDIS_URL"] = redis.url()
        except (EmbeddedMissing, RuntimeError) as error:
            raise click.ClickException(str(error)) from error
        yield RunningServers(addresses, tuple(embedded))


def _started(server: Server, stack: ExitStack) -> Server:
    stack.callback(server.stop)
    server.start()
    return server


def new_secret() -> str:
    """A random signing secret in Clerk's format."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def refuse_busy(host: str, port: int, variable: str = "PORT") -> None:
    """Raise ClickException if the port, which `variable` sets, is in use."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise click.ClickException(
                f"Port {port} is in use ({error.strerror}). Stop the program that uses it, or set {variable} to "
                "another port."
            ) from error


def _given() -> dict[str, str]:
    """The addresses in the environment, normalised for libpq. Raises ClickException for an invalid URL."""
    names = ("DATABASE_URL", "DATABASE_POOLER", "DATABASE_OWNER_URL", "REDIS_URL")
    given = {name: os.environ[name] for name in names if os.environ.get(name)}
    if names_pooler(given.get("DATABASE_URL", "")):
        given.setdefault("DATABASE_POOLER", "transaction")
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL"):
        if name in given:
            try:
                given[name] = normalise(given[name])
            except ValueError as error:
                raise click.ClickException(f"{name}: {error}") from error
    return given
