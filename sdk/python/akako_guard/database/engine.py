"""The connection pool of a process."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, TypeAlias

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event
from sqlalchemy.exc import DisconnectionError

from akako_guard import log
from akako_guard.database import driver
from akako_guard.database.driver import CONNECT_TIMEOUT_SECONDS as CONNECT_TIMEOUT_SECONDS
from akako_guard.database.driver import DriverConnection
from akako_guard.database.pooler import pools_transactions

Pooler: TypeAlias = Literal["none", "transaction"]
"""The setting `DATABASE_POOLER`."""

CANCEL_SECONDS = 2
READ_ONLY = "25006"

# A session caches its plans, including those of triggers and foreign keys, until the tables are analyzed. Plans made
# while the tables are almost empty would scan all users for each row once the database fills. Generic plans are forced
# for all array sizes, because planning a statement anew cost as much as executing it.
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
    """Create an engine on psycopg 3 with at most `connections` connections, opened on first use.

    `url` is a libpq URL (`postgresql://` or `postgres://`) with any parameters. The server cancels a statement that
    takes longer than `statement_seconds` or waits for one lock longer than `lock_seconds`, and ends a transaction that
    is idle for `idle_seconds` (0: no limit). Connections to a server that stops responding time out. With `looks_up`,
    plans use indexes wherever possible, even for small tables.

    A pooled connection that the server has closed is replaced at checkout. Behind a pooler in transaction mode, no
    session state is used; a pooler that `pooler` does not declare is detected when the first connection is opened.
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
    """Log the setting to change, once. Commands do not configure logging; `akako status` shows it instead."""
    if log.is_configured():
        log.warning(
            "database.pooler_found",
            next_step="set DATABASE_POOLER=transaction: DATABASE_URL points to a pooler in transaction mode",
        )


def _replace_closed(pooled: DriverConnection, *_: Any) -> None:
    """Make SQLAlchemy reconnect if the server was restarted or ended an idle session."""
    if pooled.is_closed_by_server():
        raise DisconnectionError


def _begin(connection: Connection) -> None:
    """Begin a transaction with its settings, if the session has none."""
    if statement := driver.of(connection).begin_statement:
        connection.exec_driver_sql(statement)


def _leave_a_demoted_primary(context: ExceptionContext) -> None:
    """Treat a connection that became read-only as lost: a new one may reach the new primary."""
    if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
        context.is_disconnect = True


def _cancel(context: ExceptionContext) -> None:
    """Cancel a statement that was interrupted by a signal: the server would otherwise continue it and hold its locks.

    psycopg does this only for Ctrl-C, not for the time limit of a task.
    """
    found: object = context.connection.connection.dbapi_connection if context.connection else None
    if isinstance(found, psycopg.Connection) and found.info.transaction_status is TransactionStatus.ACTIVE:
        found.cancel_safe(timeout=CANCEL_SECONDS)
