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

# Each of these yields to the URL.
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


class Link(psycopg.Connection[Any]):
    """A connection; `opening` is what begins each of its transactions behind a pooler in transaction mode."""

    opening: str | None = None
    pooler_found: bool = False
    """Whether it leads through a pooler that the settings do not name."""

    def is_dead(self) -> bool:
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


def of(connection: Connection) -> Link:
    """The link that a connection of SQLAlchemy's works on."""
    link: object = connection.connection.dbapi_connection  # `driver_connection` is None once it is detached
    if not isinstance(link, Link):
        raise TypeError("not a connection of db.engine")
    return link


def conninfo(url: str, process: str) -> str:
    """What psycopg connects with: the URL's own parameters, and ours for what it leaves open."""
    given = conninfo_to_dict(url)
    return make_conninfo(**{**_DEFAULTS, **given, "application_name": f"akako {process}", "client_encoding": "utf8"})


def open_link(address: str) -> Link:
    """A connection in autocommit on which nothing has been set; `address` is of `conninfo`."""
    return Link.connect(address, autocommit=True)


def settle(link: Link, settings: Mapping[str, str]) -> None:
    """Set the settings, with `SETTINGS`, for as long as the session lasts."""
    link.execute(_setting({**SETTINGS, **settings}, local=False))
    link.autocommit = False


def settle_each_transaction(link: Link, settings: Mapping[str, str]) -> None:
    """Leave no trace in a session that is shared: set the settings in each transaction, and prepare no statements."""
    link.prepare_threshold = None
    link.opening = "begin isolation level read committed; " + _setting({**SETTINGS, **settings}, local=True)


def _setting(settings: Mapping[str, str], *, local: bool) -> str:
    # Every name is qualified: the search path is one of the settings, and until then may lead anywhere.
    call = sql.SQL("pg_catalog.set_config({}, {}, {})")
    calls = [call.format(name, value, local) for name, value in settings.items()]
    return sql.SQL("select {}, {}").format(sql.SQL(", ").join(calls), sql.SQL(_DURABLE).format(local)).as_string()
