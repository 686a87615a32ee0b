"""With tens of thousands of users, the queries of admins use indexes and read few pages."""

from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy import Engine

from akako_guard.database import callers
from akako_guard.database.engine import connect
from akako_guard.role import Role
from db import assignments, audit, temporal, user_search
from db.audit import AuditFilter
from db.instants import Instants
from db.user_search import UserFilter
from dev.embedded.servers import Servers
from tests.db.plans import Question, plan, scans
from tests.examples import examples
from tests.servers import copy_of

USERS = examples(100_000)
"""10,000 in `make test`."""
FILLED = (
    """
    insert into users (clerk_id, claimed_email, email, first_name, last_name, username, clerk_updated_at)
    select 'user_' || n, n || '@example.com', n || '@example.com', 'First' || n, 'Last' || n, 'name' || n, now()
    from (select number * 7919 %% %(users)s from generate_series(1, %(users)s) as number) as shuffled (n)
    """,
    """
    insert into user_roles (user_id, role, effective_start_date, assigned_by)
    select id, 'LEARNER', '2025-01-01Z', 'akako' from users where id <= %(users)s
    """,
    """
    insert into user_roles (user_id, role, effective_start_date, assigned_by)
    select id, 'ADMIN', '2025-01-01Z', 'akako' from users where id <= %(users)s and id %% 10000 = 1
    """,
)
INSTANT = datetime(2025, 6, 1, tzinfo=UTC)
INSTANTS = Instants(INSTANT, datetime(2100, 1, 1, tzinfo=UTC))
MIDDLE = USERS // 2
MOST_PAGES = 600
"""Of the several thousand pages of the tables and their indexes."""


@pytest.fixture(scope="module")
def many_users(servers: Servers, template: str) -> Iterator[Engine]:
    """A database with very many users."""
    with copy_of(servers, template) as database:
        with psycopg.connect(database.superuser_url, autocommit=True) as connection:
            for statement in FILLED:
                connection.execute(statement, {"users": USERS})
            connection.execute("vacuum analyze")
        pool = connect(database.app_url, "test")
        yield pool
        pool.dispose()


@pytest.mark.properties
@pytest.mark.parametrize(
    "question",
    [
        pytest.param(lambda c: user_search.search(c, UserFilter(deleted=False), 51), id="the first page"),
        pytest.param(lambda c: user_search.search(c, UserFilter(deleted=False), 51, MIDDLE), id="a page in the middle"),
        pytest.param(
            lambda c: user_search.search(c, UserFilter(text="first5"), 51), id="a beginning that many names have"
        ),
        pytest.param(lambda c: user_search.search(c, UserFilter(text="first7777 la"), 51), id="one whole name"),
        pytest.param(lambda c: user_search.search(c, UserFilter(text="LAST1234"), 51), id="a last name"),
        pytest.param(lambda c: user_search.search(c, UserFilter(text="name4321"), 51), id="a username"),
        pytest.param(lambda c: user_search.search(c, UserFilter(text="99@exam"), 51), id="an e-mail address"),
        pytest.param(
            lambda c: user_search.search(c, UserFilter(text="nonesuch"), 51), id="a beginning that no name has"
        ),
        pytest.param(lambda c: user_search.search(c, UserFilter(text="ZOÉ"), 51), id="a beginning that is not ASCII"),
        pytest.param(lambda c: user_search.search(c, UserFilter(role=Role.LEARNER), 51), id="a role that all hold"),
        pytest.param(lambda c: user_search.search(c, UserFilter(role=Role.ADMIN), 51), id="a role that few hold"),
        pytest.param(lambda c: user_search.search(c, UserFilter(role=Role.MENTOR), 51), id="a role without holders"),
        pytest.param(
            lambda c: user_search.search(c, UserFilter(role=Role.ADMIN, text="first"), 51), id="a role and a beginning"
        ),
        pytest.param(lambda c: user_search.show(c, "user_777"), id="one user"),
        pytest.param(lambda c: temporal.versions(c, MIDDLE, INSTANTS), id="what a user held at an instant"),
        pytest.param(lambda c: temporal.status(c, MIDDLE, INSTANTS), id="how the guard treated a user"),
        pytest.param(lambda c: temporal.revisions(c, MIDDLE, INSTANTS), id="what became known later"),
        pytest.param(lambda c: temporal.holders(c, INSTANTS, MIDDLE, 50), id="a page of who held what"),
        pytest.param(lambda c: assignments.history(c, MIDDLE), id="a user's history"),
        pytest.param(lambda c: audit.page(c, AuditFilter(), 51), id="the newest lines"),
        pytest.param(lambda c: audit.page(c, AuditFilter(user="user_777"), 51), id="the lines about a user"),
        pytest.param(lambda c: audit.page(c, AuditFilter(user="user_none"), 51), id="lines about an unknown user"),
        pytest.param(lambda c: audit.page(c, AuditFilter(actor="operator:none"), 51), id="lines of an unknown actor"),
        pytest.param(lambda c: audit.page(c, AuditFilter(action="role.none"), 51), id="the lines of no action"),
        pytest.param(lambda c: audit.page(c, AuditFilter(until=INSTANT), 51), id="the lines before a time"),
        pytest.param(lambda c: audit.of_assignment(c, MIDDLE), id="the lines about an assignment"),
    ],
)
def test_a_query_uses_an_index(many_users: Engine, question: Question) -> None:
    found = plan(many_users, question)

    assert scans(found) == set()
    assert found["Shared Hit Blocks"] + found["Shared Read Blocks"] < MOST_PAGES


ASKED = [f"user_{number}" for number in range(200)]


@pytest.fixture(scope="module")
def ten_thousand_users(servers: Servers, template: str) -> Iterator[Engine]:
    """A database with ten thousand users: few enough for the planner to consider a sequential scan."""
    with copy_of(servers, template) as database:
        with psycopg.connect(database.superuser_url, autocommit=True) as connection:
            for statement in FILLED:
                connection.execute(statement, {"users": 10_000})
            connection.execute("vacuum analyze")
        pool = connect(database.app_url, "test")
        yield pool
        pool.dispose()


@pytest.mark.parametrize(
    "asked", [ASKED[:1], ASKED, ["user_none"]], ids=["one", "as many as ask at once", "an unknown user"]
)
def test_the_guard_uses_indexes(ten_thousand_users: Engine, asked: list[str]) -> None:
    found = plan(ten_thousand_users, lambda connection: callers.find(connection, asked))

    assert scans(found) == set()
    assert found["Shared Hit Blocks"] + found["Shared Read Blocks"] < 10 + 10 * len(asked)
