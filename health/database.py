"""Reads the database's vital signs in bounded time, in any state of the database and with any number of callers."""

from akako_guard.database import engine
from akako_guard.database.engine import Pooler
from db import vitals
from db.vitals import Vitals
from health.single_flight import SingleFlight

STATEMENT_SECONDS = 1.5
FRESH_SECONDS = 2.0
PATIENCE_SECONDS = 2.5


class DatabaseProbe:
    """The vital signs, at most a few seconds old. Keeps no connection open, since connections are scarce."""

    def __init__(self, database_url: str, pooler: Pooler = "none") -> None:
        self._engine = engine.connect(
            database_url, "look", pooler=pooler, connections=1, statement_seconds=STATEMENT_SECONDS
        )
        self._vitals = SingleFlight(self._read, fresh=FRESH_SECONDS, patience=PATIENCE_SECONDS)

    def vitals(self) -> Vitals:
        """The vital signs. Raises TimeoutError or SQLAlchemy's error if they cannot be read."""
        return self._vitals.get()

    def _read(self) -> Vitals:
        with self._engine.connect() as connection:
            connection.detach()  # closed afterwards instead of returned to the pool
            return vitals.read(connection)
