"""A long-lived connection of one thread for single statements, each in its own transaction."""

import contextlib
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from akako_guard.database import driver, faults

Result = TypeVar("Result")


class DedicatedConnection:
    """Reuses one connection, because checking one out of the pool costs more than a statement."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._in_transactions = False

    def run(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work`; retry once on a new connection if the old one was lost or the server is no longer the primary."""
        try:
            return self._attempt(work)
        except Exception as error:
            if not faults.is_lost(error):
                raise
            return self._attempt(work)

    def release(self) -> None:
        """Close the connection, ignoring errors. The next call opens a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(SQLAlchemyError):
                # Do not return it to the pool: a new connection may reach another server.
                connection.invalidate()
                connection.close()

    def _attempt(self, work: Callable[[Connection], Result]) -> Result:
        connection = self._connection or self._open()
        try:
            if not self._in_transactions:
                return work(connection)
            with connection.begin():
                return work(connection)
        except Exception as error:
            # An error of the statement itself does not affect the connection.
            if faults.is_unavailable(error) or not isinstance(error, DBAPIError):
                self.release()
            raise

    def _open(self) -> Connection:
        """Open in autocommit mode. Behind a pooler, each statement needs a transaction, which applies the settings."""
        connection = self._engine.connect()
        self._in_transactions = driver.of(connection).begin_statement is not None
        if not self._in_transactions:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        self._connection = connection
        return connection
