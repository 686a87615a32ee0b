"""Upgrade and downgrade of users from before ban versions and search keys existed."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from clerk.text import search_key
from db import migrate
from dev.embedded.servers import Servers
from tests.servers import Database, as_superuser, make_database

BEFORE = "0012"
OLD = """
    insert into users (clerk_id, claimed_email, email, first_name, last_name, username, banned, clerk_updated_at) values
        ('user_ada', 'office@example.com', null, 'Ada', 'Lovelace', null, false, '2025-01-02Z'),
        ('user_bea', 'OFFICE@example.com', 'OFFICE@example.com', 'Zoé', 'MÜLLER', 'ÆTHER', true, '2025-01-04Z'),
        ('user_cyd', 'Office@example.com', null, null, null, null, false, '2025-01-03Z'),
        ('user_dan', 'ÄPFEL@example.com', 'ÄPFEL@example.com', 'Dan', 'Irmak', 'dan', false, '2025-01-01Z'),
        ('user_eve', 'eve@example.com', 'eve@example.com', 'İpek', null, null, true, '2025-01-01Z')
"""


@pytest.fixture
def old(servers: Servers) -> Iterator[Database]:
    """A database of the previous version, with users."""
    name = "akako_old_users"
    make_database(servers, name, "template1")
    database = Database(*(servers.postgres.url(role, name) for role in ("akako_owner", "akako_app", "postgres")))
    migrate.upgrade(database.owner_url, database.app_url, BEFORE)
    query(database, OLD)
    yield database
    as_superuser(servers, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def query(database: Database, statement: str) -> list[tuple[object, ...]]:
    """The result of a query by the owner."""
    with psycopg.connect(database.owner_url, options="-c search_path=akako") as connection:
        found = connection.execute(statement)
        return list(found) if found.description else []


def test_texts_that_are_not_ascii_get_the_same_keys_as_from_the_application(old: Database) -> None:
    migrate.upgrade(old.owner_url, old.app_url)
    assert query(old, "select clerk_id, search_keys from users where search_keys is not null order by 1") == [
        (
            "user_bea",
            {"name": search_key("Zoé MÜLLER"), "last_name": search_key("MÜLLER"), "username": search_key("ÆTHER")},
        ),
        ("user_dan", {"email": search_key("ÄPFEL@example.com")}),
        ("user_eve", {"name": search_key("İpek ")}),
    ]


def test_the_address_of_a_banned_user_goes_to_the_newest_other_claimant(old: Database) -> None:
    migrate.upgrade(old.owner_url, old.app_url)
    assert query(old, "select clerk_id, email, banned_as_of, email_verified from users order by 1") == [
        ("user_ada", None, None, None),
        ("user_bea", None, None, None),
        ("user_cyd", "Office@example.com", None, None),
        ("user_dan", "ÄPFEL@example.com", None, None),
        ("user_eve", None, None, None),
    ]


def test_after_a_downgrade_every_claimed_address_has_a_holder_again(old: Database) -> None:
    migrate.upgrade(old.owner_url, old.app_url)
    migrate.downgrade(old.owner_url, BEFORE)
    assert query(old, "select clerk_id, email from users where email is not null order by 1") == [
        ("user_cyd", "Office@example.com"),
        ("user_dan", "ÄPFEL@example.com"),
        ("user_eve", "eve@example.com"),
    ]


def test_migrating_writes_no_audit_line(old: Database) -> None:
    lines = query(old, "select count(*) from audit_log")
    migrate.upgrade(old.owner_url, old.app_url)
    assert query(old, "select count(*) from audit_log") == lines
