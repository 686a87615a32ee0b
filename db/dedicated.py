"""A connection that one thread keeps for single statements, each a transaction of its own."""

import contextlib
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from db import driver, faults

Result = TypeVar("Result")


class DedicatedConnection:
    """Kept from one piece of work to the next: to take a connection for each costs more than a statement."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._in_transactions = False

    def run(self, work: Callable[[Connection], Result]) -> Result:
        """Do the work; once more on a new connection if the old one was dead, or led to what was the primary."""
        try:
            return self._attempt(work)
        except Exception as error:
            if not faults.is_lost(error):
                raise
            return self._attempt(work)

    def release(self) -> None:
        """Close the connection, even if it is too broken for that; the next work opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(SQLAlchemyError):
                # Not back to the pool: whatever it led to may not be what a new one leads to.
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
            # What the statement itself is refused for says nothing against the connection.
            if faults.is_unavailable(error) or not isinstance(error, DBAPIError):
                self.release()
            raise

    def _open(self) -> Connection:
        """A statement commits by itself in autocommit; behind a pooler it needs a transaction that has the settings."""
        connection = self._engine.connect()
        self._in_transactions = driver.of(connection).begin_statement is not None
        if not self._in_transactions:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        self._connection = connection
        return connection
