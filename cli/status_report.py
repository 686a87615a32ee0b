"""Collects the report that `akako status` prints."""

import statistics
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from akako_guard.database import engine
from akako_guard.database.faults import WrongSettings
from config.settings import BrokerSettings
from db import vitals
from db.vitals import Vitals
from health.broker import Broker
from health.components import OVERDUE_SECONDS, Component, Components, ComponentState
from health.database import DatabaseProbe


@dataclass(frozen=True, slots=True)
class Lag:
    """Seconds from stored to applied, of the most recently applied events."""

    median: float
    worst: float


@dataclass(frozen=True, slots=True)
class StatusReport:
    """The state of the components, and figures from the database if it is available."""

    parts: list[ComponentState]
    seen: Vitals | None
    lag: Lag | None

    @property
    def is_healthy(self) -> bool:
        """Whether every component is healthy and no event is overdue."""
        return all(part.is_healthy for part in self.parts) and not self.is_late

    @property
    def is_late(self) -> bool:
        """Whether an event has been due for more than OVERDUE_SECONDS."""
        return self.seen is not None and self.seen.oldest_due_seconds > OVERDUE_SECONDS

    def as_dict(self) -> dict[str, Any]:
        """The report as a JSON object."""
        return {
            "healthy": self.is_healthy,
            "parts": {state.part.value: state.description for state in self.parts},
            "next_steps": {state.part.value: state.next_step for state in self.parts if state.next_step},
            "lag_seconds": self.lag and asdict(self.lag),
            **(asdict(self.seen) if self.seen else {}),
        }


class StatusReporter:
    """Takes reports repeatedly over the same connections."""

    def __init__(self, settings: BrokerSettings) -> None:
        url = settings.database_url.get_secret_value()
        self._database = DatabaseProbe(url, settings.database_pooler)
        self._parts = Components(self._database, Broker(settings.redis))
        self._engine = engine.connect(url, "akako", pooler=settings.database_pooler, connections=1, statement_seconds=2)

    def examine(self, only: Component | None = None) -> StatusReport:
        """The current report; with `only`, of this component alone."""
        states = [state for state in self._parts.states() if only in (None, state.part)]
        if only is not None:
            return StatusReport(states, None, None)
        try:
            return StatusReport(states, self._database.vitals(), _lag(self._engine))
        except (SQLAlchemyError, TimeoutError, WrongSettings):
            return StatusReport(states, None, None)


def _lag(pool: Engine) -> Lag | None:
    with pool.connect() as connection:
        connection.detach()  # no connection stays open between two reports
        lags = vitals.latest_lags(connection)
    return Lag(statistics.median(lags), lags[-1]) if lags else None
