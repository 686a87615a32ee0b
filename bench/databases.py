"""The databases of a run: an empty one and a full one for us, one for the usual way."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from sqlalchemy import create_engine

from bench.peers.tables import Base
from db.migrate import upgrade
from ops.embedded.servers import Servers

OUR_TEMPLATE, USUAL_TEMPLATE = "bench_ours", "bench_usual"


@dataclass(frozen=True, slots=True)
class Database:
    """One database, reached by its application's role and by the administrator."""

    url: str
    superuser_url: str

    def run(self, statement: LiteralString, parameters: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement as the administrator; its rows, if it has any."""
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            cursor = connection.execute(statement, list(parameters))
            return cursor.fetchall() if cursor.description else []


def make_templates(servers: Servers) -> None:
    """Our tables and the usual way's, empty, to be copied."""
    _make(servers, OUR_TEMPLATE, "template1")
    upgrade(servers.postgres.url("akako_owner", OUR_TEMPLATE), servers.postgres.url("akako_app", OUR_TEMPLATE))
    _make(servers, USUAL_TEMPLATE, "template1")
    engine = create_engine(servers.postgres.url("akako_app", USUAL_TEMPLATE).replace("://", "+psycopg://"))
    Base.metadata.create_all(engine)
    engine.dispose()


def fresh(servers: Servers, name: str, template: str) -> Database:
    """An empty database of this name, whatever was there before."""
    _as_superuser(servers, sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
    _make(servers, name, template)
    return Database(servers.postgres.url("akako_app", name), servers.postgres.url("postgres", name))


def calm(servers: Servers) -> None:
    """Write out what earlier rounds left, so that no round pays for another."""
    _as_superuser(servers, sql.SQL("checkpoint"))


def _make(servers: Servers, name: str, template: str) -> None:
    owner = "akako_app" if template == USUAL_TEMPLATE or name == USUAL_TEMPLATE else "akako_owner"
    make = sql.SQL("create database {} owner {} template {}")
    _as_superuser(servers, make.format(*map(sql.Identifier, (name, owner, template))))


def _as_superuser(servers: Servers, statement: sql.SQL | sql.Composed) -> None:
    with psycopg.connect(servers.postgres.superuser_url, autocommit=True) as connection:
        connection.execute(statement)
