"""One connection to PostgreSQL with the settings that every statement of ours depends on, also behind a pooler."""

import select
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import Connection

from db.session import SETTINGS

CONNECT_TIMEOUT_SECONDS = 2
SILENCE_MILLISECONDS = 10_000

# What the URL has instead counts.
_DEFAULTS: dict[str, Any] = {
    "connect_timeout": CONNECT_TIMEOUT_SECONDS,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": SILENCE_MILLISECONDS,
}

# An answered commit is on disk whatever the host's default is; stronger values than `on` are left.
_DURABLE = """case when pg_catalog.current_setting('synchronous_commit') operator(pg_catalog.=) 'off'
    then pg_catalog.set_config('synchronous_commit', 'on', {}) end"""


class DriverConnection(psycopg.Connection[Any]):
    """psycopg's connection, and how its transactions begin."""

    begin_statement: str | None = None
    """Begins each transaction behind a pooler in transaction mode, and sets what it needs."""
    pooler_found: bool = False
    """Whether it leads through a pooler that the settings do not name."""

    def is_closed_by_server(self) -> bool:
        """Whether the server has closed the connection since it was last used. Costs microseconds while it lives."""
        poll = select.poll()
        try:
            poll.register(self.fileno(), select.POLLIN)
            if not poll.poll(0):
                return False
            # Something came unasked: the end of the connection, or only a notice or a setting that changed.
            return self.pgconn.exec_(b"").status != psycopg.pq.ExecStatus.EMPTY_QUERY
        except psycopg.Error:
            return True


def of(connection: Connection) -> DriverConnection:
    """The driver's connection that SQLAlchemy's works on."""
    found: object = connection.connection.dbapi_connection  # `driver_connection` is None once it is detached
    if not isinstance(found, DriverConnection):
        raise TypeError("not a connection of db.engine")
    return found


def conninfo(url: str, process: str) -> str:
    """What psycopg connects with: the URL's own parameters, and ours for what it leaves open."""
    given = conninfo_to_dict(url)
    return make_conninfo(**{**_DEFAULTS, **given, "application_name": f"akako {process}", "client_encoding": "utf8"})


def open_connection(address: str) -> DriverConnection:
    """A connection in autocommit on which nothing has been set; `address` is of `conninfo`."""
    return DriverConnection.connect(address, autocommit=True)


def set_for_session(connection: DriverConnection, settings: Mapping[str, str]) -> None:
    """Set these settings and `SETTINGS` for as long as the session lasts."""
    connection.execute(_setting({**SETTINGS, **settings}, local=False))
    connection.autocommit = False


def set_for_each_transaction(connection: DriverConnection, settings: Mapping[str, str]) -> None:
    """Set these settings and `SETTINGS` in each transaction, and prepare nothing: other clients share the session."""
    connection.prepare_threshold = None
    setting = _setting({**SETTINGS, **settings}, local=True)
    connection.begin_statement = f"begin isolation level read committed; {setting}"


def _setting(settings: Mapping[str, str], *, local: bool) -> str:
    # Every name is qualified: the search path is one of the settings, and until then may lead anywhere.
    call = sql.SQL("pg_catalog.set_config({}, {}, {})")
    calls = [call.format(name, value, local) for name, value in settings.items()]
    return sql.SQL("select {}, {}").format(sql.SQL(", ").join(calls), sql.SQL(_DURABLE).format(local)).as_string()
