"""A look at the database that never takes long, whoever looks and whatever state it is in."""

from db import engine, vitals
from db.engine import Pooler
from db.vitals import Vitals
from health.single_flight import SingleFlight

STATEMENT_SECONDS = 1.5
FRESH_SECONDS = 2.0
PATIENCE_SECONDS = 2.5


class DatabaseProbe:
    """The vital signs, at most a few seconds old. It keeps no connection: they are for those who work."""

    def __init__(self, database_url: str, pooler: Pooler = "none") -> None:
        self._engine = engine.connect(
            database_url, "look", pooler=pooler, connections=1, statement_seconds=STATEMENT_SECONDS
        )
        self._vitals = SingleFlight(self._read, fresh=FRESH_SECONDS, patience=PATIENCE_SECONDS)

    def vitals(self) -> Vitals:
        """What is seen. Raises TimeoutError, or what SQLAlchemy raises, if nothing can be seen."""
        return self._vitals.get()

    def _read(self) -> Vitals:
        with self._engine.connect() as connection:
            connection.detach()  # closed after the look, however many look at once
            return vitals.read(connection)
