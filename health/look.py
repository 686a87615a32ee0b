"""A look at the database that never takes long, whoever looks and whatever state it is in."""

import structlog
from sqlalchemy.exc import SQLAlchemyError

from config import logs
from db import engine, faults, vitals
from db.vitals import Vitals
from health.asked import Asked

log = structlog.get_logger()

STATEMENT_SECONDS = 1.5
FRESH_SECONDS = 2.0
PATIENCE_SECONDS = 2.5


class Look:
    """The vital signs, at most a few seconds old. It keeps no connection: they are for those who work."""

    def __init__(self, database_url: str) -> None:
        self._engine = engine.connect(database_url, "look", connections=1, statement_seconds=STATEMENT_SECONDS)
        self._told = False
        self._vitals = Asked(self._read, fresh=FRESH_SECONDS, patience=PATIENCE_SECONDS)

    def vitals(self) -> Vitals:
        """What is seen. Raises TimeoutError, or what SQLAlchemy raises, if nothing can be seen."""
        return self._vitals.get()

    def _read(self) -> Vitals:
        try:
            with self._engine.connect() as connection:
                seen = vitals.read(connection)
        except SQLAlchemyError as error:
            if not self._told:
                log.warning("look.failed", next_step=faults.remedy(error) or "report this", **logs.fault(error))
            self._told = True
            raise
        finally:
            self._engine.dispose()
        self._told = False
        return seen
