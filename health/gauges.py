"""What is read when Prometheus asks: the database's vital signs, the state of Redis, how long nothing has moved."""

from collections.abc import Callable, Iterator

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from config import logs
from db import faults, revisions
from db.faults import WrongSettings
from db.heartbeats import Heartbeat
from db.vitals import Vitals
from health.broker import Broker, RedisUnavailable
from health.database import DatabaseProbe
from health.single_flight import SingleFlight

log = structlog.get_logger()

FRESH_SECONDS = 2.0
PATIENCE_SECONDS = 2.5


class DatabaseGauges(Collector):
    """The vital signs. While the database does not answer there is `akako_database_up 0`, and none of the others; from
    one whose tables are not of this version it is 1, with `akako_database_of_this_version 0`.
    """

    def __init__(self, look: DatabaseProbe) -> None:
        self._look = look
        self._said = False

    def describe(self) -> Iterator[Metric]:
        """The names alone, so that registering asks no database."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """Read them."""
        try:
            seen = self._look.vitals()
        except (SQLAlchemyError, TimeoutError, WrongSettings) as error:
            self._say(error)
            yield from _unread(error)
            return
        self._said = False
        yield _up(True)
        yield _of_this_version(not revisions.missing(seen.revision))
        yield from _events(seen)
        yield from _heartbeats(seen.heartbeats)
        yield _gauge(
            "akako_applied_directly", "Whether a worker applies due events without the queue.", seen.applied_directly
        )

    def _say(self, error: Exception) -> None:
        """Say why, once until it answers again."""
        if not self._said:
            log.warning(
                "database.not_seen", next_step=faults.remedy(error) or "see that it answers", **logs.fault(error)
            )
        self._said = True


class BrokerGauge(Collector):
    """Whether Redis takes messages, as found out within `PATIENCE_SECONDS`."""

    def __init__(self, broker: Broker) -> None:
        self._takes_messages = SingleFlight(broker.takes_messages, fresh=FRESH_SECONDS, patience=PATIENCE_SECONDS)

    def collect(self) -> Iterator[Metric]:
        """Ask it."""
        try:
            up = self._takes_messages.get()
        except (RedisUnavailable, TimeoutError):
            up = False
        yield _gauge("akako_broker_up", "Whether Redis took messages when this was asked for.", up)


class StallGauge(Collector):
    """How long work has waited in this very process without any movement; it ends itself after ten seconds."""

    def __init__(self, still_seconds: Callable[[], float]) -> None:
        self._still_seconds = still_seconds

    def collect(self) -> Iterator[Metric]:
        """Read it."""
        yield _gauge(
            "akako_stalled_seconds", "How long work has waited here without any movement.", self._still_seconds()
        )


def _unread(error: Exception) -> Iterator[Metric]:
    answered = faults.is_schema_mismatch(error)
    yield _up(answered)
    if answered:
        yield _of_this_version(False)


def _up(answered: bool) -> Metric:
    return _gauge("akako_database_up", "Whether the database answered when this was asked for.", answered)


def _of_this_version(fits: bool) -> Metric:
    return _gauge("akako_database_of_this_version", "Whether this process's migrations were all applied.", fits)


def _events(seen: Vitals) -> Iterator[Metric]:
    events = GaugeMetricFamily(
        "akako_events", "Kept events; of applied and ignored ones PostgreSQL's estimate.", labels=["status"]
    )
    for status, count in seen.events.items():
        events.add_metric([status], count)
    yield events
    yield _gauge(
        "akako_oldest_due_event_seconds",
        "For how long the longest due event should have been applied; 0 if none is due.",
        seen.oldest_due_seconds,
    )
    if seen.last_delivery_seconds is not None:
        yield _gauge("akako_last_delivery_seconds", "Since the newest delivery was kept.", seen.last_delivery_seconds)


def _heartbeats(hearts: list[Heartbeat]) -> Iterator[Metric]:
    moved = GaugeMetricFamily("akako_last_progress_seconds", "Since worker or beat last moved.", labels=["part"])
    seen = GaugeMetricFamily(
        "akako_last_heartbeat_seconds", "Since worker or beat last gave a sign of life.", labels=["part"]
    )
    for heartbeat in hearts:
        moved.add_metric([heartbeat.part], heartbeat.moved_seconds_ago)
        seen.add_metric([heartbeat.part], heartbeat.seen_seconds_ago)
    yield moved
    yield seen


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(name, what, value=value)
