"""Puts deliveries into `webhook_events` as the receiver does, and looks at what became of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg.conninfo import make_conninfo
from sqlalchemy import Connection, Engine

from akako_guard.database.engine import connect
from akako_guard.role import Role
from clerk import events as reading
from clerk.signature import SigningSecrets
from db import events
from db.events import NewEvent
from sync import apply as worker
from sync.apply import Applied
from tests.clerk_sender import Clerk, Sent
from webhooks.receive import new_event


def opened(clerk: Clerk, sent: Sent) -> NewEvent:
    """A verified and parsed delivery, as it is stored."""
    return new_event(SigningSecrets(clerk.secrets).verify(sent.raw_headers, sent.body), reading.read(sent.body))


def keep(engine: Engine, clerk: Clerk, *sent: Sent) -> list[str]:
    """Keep deliveries; their svix ids, in the order given."""
    with engine.begin() as connection:
        events.store(connection, [opened(clerk, delivery) for delivery in sent])
    return [delivery.svix_id for delivery in sent]


def apply(engine: Engine, clerk: Clerk, *sent: Sent) -> Applied:
    """Keep deliveries, and apply them as one set."""
    return worker.apply(engine, keep(engine, clerk, *sent), Role.LEARNER)


def rows(engine: Engine, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    """What a query finds."""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query, parameters)]


def values(engine: Engine, query: str, *parameters: object) -> list[Any]:
    """The first column of what a query finds."""
    return [row[0] for row in rows(engine, query, *parameters)]


def change(engine: Engine, statement: str, *parameters: object) -> None:
    """Change something by plain SQL, as a person would."""
    with engine.begin() as connection:
        connection.exec_driver_sql(statement, parameters)


@contextmanager
def as_owner(engine: Engine) -> Iterator[Connection]:
    """A transaction of the tables' owner on the same database, who alone may write windows that lie in the past."""
    with engine.connect() as connection:
        info = connection.connection.driver_connection.info  # type: ignore[union-attr]
        owner = connect(make_conninfo(info.dsn, user="akako_owner"), "test", connections=1)
    try:
        with owner.begin() as connection:
            yield connection
    finally:
        owner.dispose()


def actions(engine: Engine, clerk_id: str | None = None) -> list[str]:
    """What the audit trail says was done, first to last; of one user, if named."""
    query = "select action from audit_log where %s::text is null or clerk_user_id = %s order by id"
    return values(engine, query, clerk_id, clerk_id)


def statuses(engine: Engine) -> dict[str, int]:
    """How many events are in each status."""
    return dict(rows(engine, "select status, count(*) from webhook_events group by status"))
