"""Connections to PostgreSQL with the session settings that all statements require, also behind a pooler."""

import select
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import Connection

from akako_guard.database.session_settings import SETTINGS

CONNECT_TIMEOUT_SECONDS = 2
SILENCE_MILLISECONDS = 10_000

# The URL can override these.
_DEFAULTS: dict[str, Any] = {
    "connect_timeout": CONNECT_TIMEOUT_SECONDS,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": SILENCE_MILLISECONDS,
}

# An acknowledged commit is on disk whatever the server default is. Values stronger than `on` are not changed.
_DURABLE = """case when pg_catalog.current_setting('synchronous_commit') operator(pg_catalog.=) 'off'
    then pg_catalog.set_config('synchronous_commit', 'on', {}) end"""


class DriverConnection(psycopg.Connection[Any]):
    """A psycopg connection with the statement that begins its transactions."""

    begin_statement: str | None = None
    """Behind a pooler in transaction mode: begins a transaction and applies the settings. Otherwise None."""
    pooler_found: bool = False
    """Whether a pooler was detected although `DATABASE_POOLER` does not declare one."""

    def is_closed_by_server(self) -> bool:
        """Whether the server has closed the connection since its last use. Takes microseconds on an open connection."""
        poll = select.poll()
        try:
            poll.register(self.fileno(), select.POLLIN)
            if not poll.poll(0):
                return False
            # Unexpected input: the connection was closed, or the server sent a notice or a changed parameter.
            return self.pgconn.exec_(b"").status != psycopg.pq.ExecStatus.EMPTY_QUERY
        except psycopg.Error:
            return True


def of(connection: Connection) -> DriverConnection:
    """The driver connection of a SQLAlchemy connection."""
    found: object = connection.connection.dbapi_connection  # `driver_connection` is None once it is detached
    if not isinstance(found, DriverConnection):
        raise TypeError("not a connection of akako_guard.database.engine")
    return found


def conninfo(url: str, process: str) -> str:
    """The connection string for psycopg: the parameters of the URL, completed with our defaults."""
    given = conninfo_to_dict(url)
    return make_conninfo(**{**_DEFAULTS, **given, "application_name": f"akako {process}", "client_encoding": "utf8"})


def open_connection(address: str) -> DriverConnection:
    """Open a connection in autocommit mode without any settings. `address` comes from `conninfo`."""
    return DriverConnection.connect(address, autocommit=True)


def set_for_session(connection: DriverConnection, settings: Mapping[str, str]) -> None:
    """Set these settings and `SETTINGS` for the session."""
    connection.execute(_setting({**SETTINGS, **settings}, local=False))
    connection.autocommit = False


def set_for_each_transaction(connection: DriverConnection, settings: Mapping[str, str]) -> None:
    """Set these settings and `SETTINGS` in each transaction, without prepared statements: the session is shared."""
    connection.prepare_threshold = None
    setting = _setting({**SETTINGS, **settings}, local=True)
    connection.begin_statement = f"begin isolation level read committed; {setting}"


def _setting(settings: Mapping[str, str], *, local: bool) -> str:
    # All names are qualified: the search path is one of these settings, and cannot be trusted before it is set.
    call = sql.SQL("pg_catalog.set_config({}, {}, {})")
    calls = [call.format(name, value, local) for name, value in settings.items()]
    return sql.SQL("select {}, {}").format(sql.SQL(", ").join(calls), sql.SQL(_DURABLE).format(local)).as_string()
