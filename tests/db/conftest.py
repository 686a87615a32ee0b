"""Connections of each role to the test's database."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.servers import Database


@pytest.fixture
def app(database: Database) -> Iterator[psycopg.Connection]:
    """A connection as the role of the application, in autocommit mode."""
    with psycopg.connect(database.app_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def owner(database: Database) -> Iterator[psycopg.Connection]:
    """A connection as the owner of the tables, in autocommit mode."""
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A connection as a superuser, in autocommit mode."""
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        yield connection
