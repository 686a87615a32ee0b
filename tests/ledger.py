"""Puts deliveries into `webhook_events` as the receiver does, and looks at what became of them."""

from typing import Any

from sqlalchemy import Engine

from clerk import events as reading
from clerk.signature import Seals
from config.role import Role
from db import events
from db.events import Kept
from tests.clerk_says import Clerk, Sent
from webhooks.receive import kept
from worker import apply as worker
from worker.apply import Applied


def opened(clerk: Clerk, sent: Sent) -> Kept:
    """A delivery verified and read, ready to be kept."""
    return kept(Seals(clerk.secrets).open(sent.raw_headers, sent.body), reading.read(sent.body))


def keep(engine: Engine, clerk: Clerk, *sent: Sent) -> list[str]:
    """Keep deliveries; their svix ids, in the order given."""
    with engine.begin() as connection:
        events.keep(connection, [opened(clerk, delivery) for delivery in sent])
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


def actions(engine: Engine, clerk_id: str | None = None) -> list[str]:
    """What the audit trail says was done, first to last; of one user, if named."""
    query = "select action from audit_log where %s::text is null or clerk_user_id = %s order by id"
    return values(engine, query, clerk_id, clerk_id)


def statuses(engine: Engine) -> dict[str, int]:
    """How many events are in each status."""
    return dict(rows(engine, "select status, count(*) from webhook_events group by status"))
