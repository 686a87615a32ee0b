"""The databases of a run: copies of empty ones, and one of ours that is full."""

import importlib.util
import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from sqlalchemy import create_engine

from bench.peers.tables import Base
from db.migrate import upgrade
from dev.embedded.servers import Servers
from dev.process import SEARCH_PATH

OUR_TEMPLATE, USUAL_TEMPLATE, PROCRASTINATE_TEMPLATE = "bench_ours", "bench_usual", "bench_procrastinate"
PROCRASTINATE_SCHEMA = ("procrastinate", "-a", "bench.peers.procrastinate_job.worker.app", "schema", "--apply")


@dataclass(frozen=True, slots=True)
class Database:
    """One database, reached by its application's role, its owner and the administrator."""

    url: str
    owner_url: str
    superuser_url: str

    def run(self, statement: LiteralString, parameters: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement as the administrator; its rows, if it has any."""
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            cursor = connection.execute(statement, list(parameters) or None)
            return cursor.fetchall() if cursor.description else []


def make_templates(servers: Servers) -> None:
    """Our tables, the usual way's, and those with Procrastinate's beside them: empty, to be copied."""
    ours = fresh(servers, OUR_TEMPLATE, "template1")
    upgrade(ours.owner_url, ours.url)
    usual = fresh(servers, USUAL_TEMPLATE, "template1", "akako_app")
    engine = create_engine(usual.url.replace("://", "+psycopg://"))
    Base.metadata.create_all(engine)
    engine.dispose()
    if importlib.util.find_spec("procrastinate"):
        jobs = fresh(servers, PROCRASTINATE_TEMPLATE, USUAL_TEMPLATE, "akako_app")
        environment = {**os.environ, "PATH": SEARCH_PATH, "DATABASE_URL": jobs.url}
        subprocess.run(PROCRASTINATE_SCHEMA, env=environment, check=True, capture_output=True)


def fresh(servers: Servers, name: str, template: str, owner: str = "akako_owner") -> Database:
    """A copy of the template under this name, whatever was there before."""
    made = sql.SQL("create database {} owner {} template {}")
    _as_superuser(servers, sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
    _as_superuser(servers, made.format(*map(sql.Identifier, (name, owner, template))))
    # The settings of roles are not copied with a database; the usual way's tables are in `public`.
    find = sql.SQL("alter database {} set search_path = akako, public")
    _as_superuser(servers, find.format(sql.Identifier(name)))
    return named(servers, name)


def named(servers: Servers, name: str) -> Database:
    """How to reach a database that is there."""
    return Database(*(servers.postgres.url(role, name) for role in ("akako_app", "akako_owner", "postgres")))


def rename(servers: Servers, name: str, to: str) -> None:
    """Give a database that nobody is connected to another name."""
    change = sql.SQL("alter database {} rename to {}")
    _as_superuser(servers, change.format(*map(sql.Identifier, (name, to))))


def exists(servers: Servers, name: str) -> bool:
    """Whether there is a database of this name."""
    with psycopg.connect(servers.postgres.superuser_url) as connection:
        return bool(connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone())


def calm(servers: Servers) -> None:
    """Write out what earlier rounds left, so that no round pays for another."""
    _as_superuser(servers, sql.SQL("checkpoint"))


def _as_superuser(servers: Servers, statement: sql.SQL | sql.Composed) -> None:
    with psycopg.connect(servers.postgres.superuser_url, autocommit=True) as connection:
        connection.execute(statement)
