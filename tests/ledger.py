"""Puts deliveries into `webhook_events` as the receiver does, and looks at what became of them."""

from sqlalchemy import Engine

from clerk import events as reading
from clerk.signature import Seals
from db import events
from db.events import Kept
from tests.clerk_says import Clerk, Sent
from webhooks.receive import kept


def opened(clerk: Clerk, sent: Sent) -> Kept:
    """A delivery verified and read, ready to be kept."""
    return kept(Seals(clerk.secrets).open(sent.raw_headers, sent.body), reading.read(sent.body))


def keep(engine: Engine, clerk: Clerk, *sent: Sent) -> list[str]:
    """Keep deliveries; their svix ids, in the order given."""
    with engine.begin() as connection:
        events.keep(connection, [opened(clerk, delivery) for delivery in sent])
    return [delivery.svix_id for delivery in sent]


def rows(engine: Engine, query: str, *parameters: object) -> list[tuple[object, ...]]:
    """What a query finds."""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query, parameters)]


def values(engine: Engine, query: str, *parameters: object) -> list[object]:
    """The first column of what a query finds."""
    return [row[0] for row in rows(engine, query, *parameters)]
