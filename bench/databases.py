"""The databases of a run: copies of empty templates, and one with full tables."""

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
    """The URLs of a database for the application's role, the owner and the superuser."""

    url: str
    owner_url: str
    superuser_url: str

    def run(self, statement: LiteralString, parameters: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement as the superuser and return its rows, if any."""
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            cursor = connection.execute(statement, list(parameters) or None)
            return cursor.fetchall() if cursor.description else []


def make_templates(servers: Servers) -> None:
    """Create empty templates: Akako Sync's tables, the peers' tables, and the latter with Procrastinate's tables."""
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
    """Create a copy of the template, replacing a database of the same name."""
    made = sql.SQL("create database {} owner {} template {}")
    _as_superuser(servers, sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
    _as_superuser(servers, made.format(*map(sql.Identifier, (name, owner, template))))
    # Settings of roles are not copied with a database; the peers' tables are in `public`.
    find = sql.SQL("alter database {} set search_path = akako, public")
    _as_superuser(servers, find.format(sql.Identifier(name)))
    return named(servers, name)


def named(servers: Servers, name: str) -> Database:
    """The URLs of an existing database."""
    return Database(*(servers.postgres.url(role, name) for role in ("akako_app", "akako_owner", "postgres")))


def rename(servers: Servers, name: str, to: str) -> None:
    """Rename a database that has no connections."""
    change = sql.SQL("alter database {} rename to {}")
    _as_superuser(servers, change.format(*map(sql.Identifier, (name, to))))


def exists(servers: Servers, name: str) -> bool:
    """Whether a database of this name exists."""
    with psycopg.connect(servers.postgres.superuser_url) as connection:
        return bool(connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone())


def checkpoint(servers: Servers) -> None:
    """Run a checkpoint, so that a round does not pay for earlier ones."""
    _as_superuser(servers, sql.SQL("checkpoint"))


def _as_superuser(servers: Servers, statement: sql.SQL | sql.Composed) -> None:
    with psycopg.connect(servers.postgres.superuser_url, autocommit=True) as connection:
        connection.execute(statement)
