"""The connection pool of a process."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, TypeAlias

import psycopg
import structlog
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event
from sqlalchemy.exc import DisconnectionError

from db import driver
from db.driver import CONNECT_TIMEOUT_SECONDS as CONNECT_TIMEOUT_SECONDS
from db.driver import DriverConnection
from db.pooler import pools_transactions

log = structlog.get_logger()

Pooler: TypeAlias = Literal["none", "transaction"]
"""The setting `DATABASE_POOLER`."""

CANCEL_SECONDS = 2
READ_ONLY = "25006"

# A session keeps its plans, those of triggers and foreign keys too, until the tables are analyzed. Made while hardly
# anybody was there, they would read all users for every row of a database that has just begun to fill. They are kept
# whatever the server believes of the arrays it is given: to plan each statement anew cost as much as to execute it.
_LOOK_UP = {
    **dict.fromkeys(("enable_seqscan", "enable_hashjoin", "enable_mergejoin"), "off"),
    "plan_cache_mode": "force_generic_plan",
}


def connect(
    url: str,
    process: str,
    *,
    pooler: Pooler = "none",
    connections: int = 2,
    statement_seconds: float = 60,
    lock_seconds: float = 0,
    idle_seconds: float = 0,
    looks_up: bool = False,
) -> Engine:
    """An engine on psycopg 3 that connects when it is first used, with at most `connections` at a time.

    `url` is libpq's own (`postgresql://` or `postgres://`), whatever parameters the host gave with it. A statement
    that takes longer than `statement_seconds`, or waits for one lock longer than `lock_seconds`, is cancelled by the
    server, and a transaction in which we say nothing for `idle_seconds` is ended by it (0: never); a server that falls
    silent is given up. With `looks_up` each row is found through an index wherever there is one, however small the
    tables seem.

    A pooled connection that the server has closed is replaced before it is handed out. Behind a pooler in transaction
    mode nothing is left in a session; one that `pooler` does not name is found when the first connection is opened.
    """
    limits = {
        "statement_timeout": statement_seconds,
        "lock_timeout": lock_seconds,
        "idle_in_transaction_session_timeout": idle_seconds,
    }
    settings = {name: f"{seconds * 1_000:.0f}" for name, seconds in limits.items()} | (_LOOK_UP if looks_up else {})
    engine = create_engine(
        "postgresql+psycopg://",
        creator=_Creator(driver.conninfo(url, process), settings, pooler),
        pool_size=connections,
        max_overflow=0,
        pool_timeout=CONNECT_TIMEOUT_SECONDS,
        pool_use_lifo=True,
        hide_parameters=True,
        use_native_hstore=False,
    )
    event.listen(engine, "checkout", _replace_closed)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "handle_error", _leave_a_demoted_primary)
    event.listen(engine, "handle_error", _cancel)
    return engine


class _Creator:
    """Opens the connections of one engine."""

    def __init__(self, address: str, settings: Mapping[str, str], pooler: Pooler) -> None:
        self._address = address
        self._settings = settings
        self._pooled: bool | None = True if pooler == "transaction" else None
        self._found: bool | None = None

    def __call__(self) -> DriverConnection:
        opened = driver.open_connection(self._address)
        try:
            if self._pooled is None:
                self._pooled = self._found = pools_transactions(opened, lambda: driver.open_connection(self._address))
            if self._found:
                opened.pooler_found = True
                _advise_once()
            (driver.set_for_each_transaction if self._pooled else driver.set_for_session)(opened, self._settings)
        except BaseException:
            opened.close()
            raise
        return opened


@cache
def _advise_once() -> None:
    """Log once what to set. Commands do not configure logs; there `akako status` shows it."""
    if structlog.is_configured():
        log.warning(
            "database.pooler_found",
            next_step="set DATABASE_POOLER=transaction: DATABASE_URL leads through a pooler in transaction mode",
        )


def _replace_closed(pooled: DriverConnection, *_: Any) -> None:
    """Let SQLAlchemy connect anew where the server was restarted, or ended an idle session."""
    if pooled.is_closed_by_server():
        raise DisconnectionError


def _begin(connection: Connection) -> None:
    """Begin a transaction with its settings, where the session has none."""
    if statement := driver.of(connection).begin_statement:
        connection.exec_driver_sql(statement)


def _leave_a_demoted_primary(context: ExceptionContext) -> None:
    """A connection that came to be read-only is as good as lost: a new one may lead to the new primary."""
    if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
        context.is_disconnect = True


def _cancel(context: ExceptionContext) -> None:
    """Stop what a signal's exception has left running: the server would go on, and hold its locks, though nobody waits.

    psycopg does so itself for Ctrl-C only, not for a task's time limit.
    """
    found: object = context.connection.connection.dbapi_connection if context.connection else None
    if isinstance(found, psycopg.Connection) and found.info.transaction_status is TransactionStatus.ACTIVE:
        found.cancel_safe(timeout=CANCEL_SECONDS)
