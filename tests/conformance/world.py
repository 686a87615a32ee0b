"""Builds a running receiver with its surroundings: database, Clerk's API and session tokens."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from db.migrate import upgrade
from dev.conformance.scenario import Sender
from dev.embedded.servers import Servers
from tests.conformance.clerk_api import ClerkApi
from tests.conformance.incidents import World
from tests.conformance.subject import Akako, Description
from tests.conformance.tables import Tables
from tests.running_stack import running_stack
from tests.servers import Database

AKAKO = Description(
    "akako",
    "Akako Sync",
    find="select id::text, deleted_at is null, email, first_name, last_name, banned from akako.users"
    " where clerk_id = %s",
    waits="select 1 from akako.webhook_events where status = 'received' limit 1",
)
_numbers = itertools.count(1)


@contextmanager
def akako(servers: Servers, directory: Path) -> Iterator[World]:
    """This project on a new database, with a Clerk instance of its own."""
    database = new_database(servers)
    upgrade(database.owner_url, database.app_url)
    with (
        ClerkApi().serving() as api,
        running_stack(
            database, servers.redis_url, directory, CLERK_API_URL=api.url, CLERK_SECRET_KEY="sk_test_akako"
        ) as stack,
    ):
        api.publish(stack.instance)
        subject = Akako(stack)
        subject.start()
        tables = Tables(database.superuser_url, AKAKO.find, AKAKO.waits, api)
        yield World(subject, tables, Sender(stack.clerk.secrets[0]), api, servers.postgres, stack.instance)


def new_database(servers: Servers) -> Database:
    """An empty database that belongs to the owner of the tables. It goes with the server's directory."""
    name = f"conformance_{next(_numbers)}"
    with psycopg.connect(servers.postgres.superuser_url, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {} owner akako_owner").format(sql.Identifier(name)))
    return Database(*(servers.postgres.url(role, name) for role in ("akako_owner", "akako_app", "postgres")))
