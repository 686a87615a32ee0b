"""What the processes stand on: the servers that the environment names, and embedded ones for those it does not."""

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

from config.database_url import names_pooler, normalise
from dev.embedded.missing import EmbeddedMissing
from dev.embedded.postgres import Postgres
from dev.embedded.redis import Redis

SECRET = "CLERK_WEBHOOK_SIGNING_SECRET"  # noqa: S105 - the variable's name
Server = TypeVar("Server", Postgres, Redis)


@dataclass(frozen=True, slots=True)
class Ground:
    """The servers in use."""

    addresses: dict[str, str]
    """DATABASE_URL, REDIS_URL and, if there is one, DATABASE_OWNER_URL."""
    embedded: tuple[Postgres | Redis, ...]
    """The servers that were started for them."""


@contextmanager
def servers(directory: Path, *, redis_options: Mapping[str, str] = MappingProxyType({})) -> Iterator[Ground]:
    """The servers that the environment names, and embedded ones for the others, which stop with the block."""
    addresses = _given()
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
        yield Ground(addresses, tuple(embedded))


def _started(server: Server, stack: ExitStack) -> Server:
    stack.callback(server.stop)
    server.start()
    return server


def new_secret() -> str:
    """A signing secret like Clerk's."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def refuse_busy(host: str, port: int, variable: str = "PORT") -> None:
    """Raise ClickException if another program has the port that the variable chooses."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise click.ClickException(
                f"port {port} is taken ({error.strerror}): end the program that has it, or choose another with "
                f"{variable}."
            ) from error


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _given() -> dict[str, str]:
    """The addresses that the environment names, as libpq takes them. Raises ClickException."""
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
