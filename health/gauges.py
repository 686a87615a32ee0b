"""Gauges that are read on each scrape: the database's vital signs, the state of Redis, and stalls."""

from collections.abc import Callable, Iterator

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from akako_guard.database import faults
from akako_guard.database.faults import WrongSettings
from config import logs
from db import drift, revisions
from db.claims_vitals import ClaimsVitals
from db.clerk_vitals import ClerkVitals
from db.heartbeats import Heartbeat
from db.vitals import Vitals
from health.broker import Broker, RedisUnavailable
from health.database import DatabaseProbe
from health.single_flight import SingleFlight

log = structlog.get_logger()

FRESH_SECONDS = 2.0
PATIENCE_SECONDS = 2.5


class DatabaseGauges(Collector):
    """The database's vital signs.

    While the database is unavailable, only `akako_database_up 0` is exported; if its tables are not of this version,
    `akako_database_up 1` and `akako_database_of_this_version 0`.
    """

    def __init__(self, database: DatabaseProbe) -> None:
        self._database = database
        self._logged = False

    def describe(self) -> Iterator[Metric]:
        """Empty, so that registration does not query the database."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """Read the vital signs."""
        try:
            seen = self._database.vitals()
        except (SQLAlchemyError, TimeoutError, WrongSettings) as error:
            self._log(error)
            yield from _unreadable(error)
            return
        self._logged = False
        yield _up(True)
        yield _of_this_version(not revisions.missing(seen.revision))
        yield from _events(seen)
        yield from _heartbeats(seen.heartbeats)
        yield _gauge(
            "akako_applied_directly", "Whether a worker applies due events without the queue.", seen.applied_directly
        )
        yield from _clerk(seen.clerk)
        yield from _claims(seen.claims)

    def _log(self, error: Exception) -> None:
        """Log the cause, once until the database is available again."""
        if not self._logged:
            log.warning(
                "database.not_seen", next_step=faults.remedy(error) or "check that PostgreSQL runs", **logs.fault(error)
            )
        self._logged = True


class BrokerGauge(Collector):
    """Whether Redis accepts messages; an unknown result after `PATIENCE_SECONDS` counts as no."""

    def __init__(self, broker: Broker) -> None:
        self._takes_messages = SingleFlight(broker.takes_messages, fresh=FRESH_SECONDS, patience=PATIENCE_SECONDS)

    def collect(self) -> Iterator[Metric]:
        """Probe Redis."""
        try:
            up = self._takes_messages.get()
        except (RedisUnavailable, TimeoutError):
            up = False
        yield _gauge("akako_broker_up", "Whether Redis accepted messages at the time of the scrape.", up)


class StallGauge(Collector):
    """How long work has been pending in this process without progress; the process exits after ten seconds."""

    def __init__(self, stalled_seconds: Callable[[], float]) -> None:
        self._stalled_seconds = stalled_seconds

    def collect(self) -> Iterator[Metric]:
        """Read it."""
        yield _gauge(
            "akako_stalled_seconds",
            "How long work has been pending in this process without progress.",
            self._stalled_seconds(),
        )


def _unreadable(error: Exception) -> Iterator[Metric]:
    answered = faults.is_schema_mismatch(error)
    yield _up(answered)
    if answered:
        yield _of_this_version(False)


def _up(answered: bool) -> Metric:
    return _gauge("akako_database_up", "Whether the database answered at the time of the scrape.", answered)


def _of_this_version(fits: bool) -> Metric:
    return _gauge("akako_database_of_this_version", "Whether all migrations of this process are applied.", fits)


def _events(seen: Vitals) -> Iterator[Metric]:
    events = GaugeMetricFamily(
        "akako_events", "Stored events; applied and ignored ones are estimated by PostgreSQL.", labels=["status"]
    )
    for status, count in seen.events.items():
        events.add_metric([status], count)
    yield events
    yield _gauge("akako_deletions_held", "Deletions that wait for a person.", seen.deletions_held)
    yield _gauge(
        "akako_oldest_due_event_seconds",
        "Age of the oldest due event since it became due; 0 if none is due.",
        seen.oldest_due_seconds,
    )
    if seen.last_delivery_seconds is not None:
        yield _gauge(
            "akako_last_delivery_seconds", "Time since the newest delivery was stored.", seen.last_delivery_seconds
        )


def _clerk(seen: ClerkVitals) -> Iterator[Metric]:
    """What is known of Clerk; nothing while no instance is pinned."""
    if seen.instance_id is None:
        return
    differences = GaugeMetricFamily("akako_drift", "Open differences from Clerk.", labels=["class"])
    for kind in drift.CLASSES:
        differences.add_metric([kind], seen.drift.get(kind, 0))
    yield differences
    yield _gauge("akako_missed_webhooks", "Changes at Clerk in the last hour without a webhook.", seen.missed)
    yield _gauge("akako_webhooks_arrive", "Whether a delivery arrived since the first of these changes.", seen.arrived)
    yield _gauge("akako_clerk_failures", "Attempts to ask Clerk that failed in a row.", seen.failures)
    for name, documentation, seconds in (
        ("akako_clerk_answered_seconds", "Time since Clerk last answered.", seen.answered_seconds),
        (
            "akako_walked_seconds",
            "Time since the last complete walk over all users, or since the first began if none was complete.",
            seen.unwalked_seconds,
        ),
    ):
        if seconds is not None:
            yield _gauge(name, documentation, seconds)


def _claims(seen: ClaimsVitals) -> Iterator[Metric]:
    """The pushes of roles to Clerk; nothing while claims are off."""
    if not seen.is_on:
        return
    yield _gauge(
        "akako_claims_stopped", "Whether no role is pushed although claims are on.", bool(seen.stopped_because)
    )
    yield _gauge("akako_claims_due", "Users whose roles are due to be pushed to Clerk, up to 100,000.", seen.due)
    yield _gauge(
        "akako_oldest_due_claims_seconds",
        "How long a change of roles has been due to be pushed, also if it fails, without the first push; else 0.",
        seen.oldest_change_seconds,
    )
    parked = GaugeMetricFamily("akako_claims_parked", "Users whose roles are not pushed any more.", labels=["reason"])
    for reason, count in seen.parked.items():
        parked.add_metric([reason], count)
    yield parked
    yield _gauge(
        "akako_claims_echo_missing",
        "Whether no delivery arrived in the ten minutes after a push, which makes Clerk send one.",
        seen.echo_missing,
    )


def _heartbeats(heartbeats: list[Heartbeat]) -> Iterator[Metric]:
    progress = GaugeMetricFamily(
        "akako_last_progress_seconds", "Time since the last progress of worker, beat or clerk.", labels=["part"]
    )
    seen = GaugeMetricFamily(
        "akako_last_heartbeat_seconds", "Time since the last heartbeat of worker, beat or clerk.", labels=["part"]
    )
    for heartbeat in heartbeats:
        progress.add_metric([heartbeat.part], heartbeat.moved_seconds_ago)
        seen.add_metric([heartbeat.part], heartbeat.seen_seconds_ago)
    yield progress
    yield seen


def _gauge(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(name, documentation, value=value)
