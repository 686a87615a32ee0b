"""The state of each component that is needed to apply events."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.exc import SQLAlchemyError

from akako_guard.database import faults
from akako_guard.database.faults import WrongSettings
from db import revisions
from db.heartbeats import Heartbeat
from db.vitals import Vitals
from health import redis_faults
from health.broker import Broker, RedisUnavailable
from health.database import DatabaseProbe
from health.single_flight import SingleFlight

MOVED_SECONDS = 30.0
"""Six times the interval of heartbeats."""
FRESH_SECONDS = 2.0
PATIENCE_SECONDS = 2.0


class Component(StrEnum):
    """The components, in the order in which faults have to be fixed."""

    DATABASE = "database"
    MIGRATIONS = "migrations"
    BROKER = "broker"
    WORKER = "worker"
    BEAT = "beat"
    CLERK = "clerk"
    """The process that asks Clerk. Events are applied without it."""


APPLYING = tuple(part for part in Component if part is not Component.CLERK)
"""The components without which no event is applied."""
MOVING = (Component.WORKER, Component.BEAT)
FAILURES = 3
"""How many attempts in a row may fail before Clerk counts as unavailable."""
DIRECTLY = "; queue unavailable, events are applied directly"
NOT_FROM_A_WORKER = "; a worker that cannot use it applies events directly"
OVERDUE_SECONDS = 30.0
"""How late an event may be after a fault (docs/explanation/healing.md)."""
RUNBOOK = "docs/how-to/runbook.md"
NEXT_STEPS = {
    Component.DATABASE: "check that PostgreSQL runs and that DATABASE_URL is correct",
    Component.MIGRATIONS: "run `akako migrate`",
    Component.WORKER: "check that the worker runs; its log has the cause",
    Component.BEAT: "check that the scheduler (beat) runs; its log has the cause",
    Component.CLERK: "check that the process `clerk` runs; its log has the cause",
}


@dataclass(frozen=True, slots=True)
class ComponentState:
    """The state of a component: `healthy`, or a short description of the fault, without secrets and host names."""

    part: Component
    description: str = "healthy"
    next_step: str = ""

    @property
    def is_healthy(self) -> bool:
        """Whether the component has no fault."""
        return not self.next_step


class Components:
    """Checks all components in bounded time."""

    def __init__(self, database: DatabaseProbe, broker: Broker) -> None:
        self._database = database
        self._broker = SingleFlight(broker.takes_messages, fresh=FRESH_SECONDS, patience=PATIENCE_SECONDS)

    def states(self) -> list[ComponentState]:
        """The state of each component, in their order."""
        try:
            seen = self._database.vitals()
        except (SQLAlchemyError, TimeoutError, WrongSettings) as error:
            database, migrations = unreadable(error)
            moving, directly = [_unknown(part) for part in (*MOVING, Component.CLERK)], False
        else:
            database, migrations = _database(seen), _migrations(seen.revision, seen.schema_faults)
            moving = [*(_moves(part, seen.heartbeats) for part in MOVING), _clerk(seen)]
            directly = seen.applied_directly
        return [database, migrations, self._broker_state(directly), *moving]

    def _broker_state(self, directly: bool) -> ComponentState:
        try:
            self._broker.get()
        except (RedisUnavailable, TimeoutError) as error:
            fault = error.fault if isinstance(error, RedisUnavailable) else redis_faults.SILENT
            return ComponentState(Component.BROKER, fault.reason + (DIRECTLY if directly else ""), fault.next_step)
        return ComponentState(Component.BROKER, "healthy" + (NOT_FROM_A_WORKER if directly else ""))


def unreadable(error: Exception) -> tuple[ComponentState, ComponentState]:
    """The states of database and migrations if nothing could be read, because of the one or of the other."""
    if faults.is_schema_mismatch(error):
        return ComponentState(Component.DATABASE), _ill(Component.MIGRATIONS, "the schema is of another version")
    reason = str(error) if isinstance(error, WrongSettings) else faults.tls_reason(error) or "does not answer"
    database = ComponentState(Component.DATABASE, reason, faults.remedy(error) or NEXT_STEPS[Component.DATABASE])
    return database, _unknown(Component.MIGRATIONS)


def _database(seen: Vitals) -> ComponentState:
    if seen.pooler_found:
        return ComponentState(Component.DATABASE, "healthy; set DATABASE_POOLER=transaction, since a pooler is in use")
    return ComponentState(Component.DATABASE)


def _migrations(revision: str | None, schema_faults: list[str]) -> ComponentState:
    if missing := revisions.missing(revision):
        return _ill(Component.MIGRATIONS, f"{len(missing)} missing")
    if schema_faults:
        return ComponentState(
            Component.MIGRATIONS, " ".join(schema_faults), "do as the owner of the tables, or an administrator"
        )
    return ComponentState(Component.MIGRATIONS)


def _moves(part: Component, heartbeats: list[Heartbeat]) -> ComponentState:
    heartbeat = next((each for each in heartbeats if each.part == part), None)
    if heartbeat is None:
        return _ill(part, "never seen")
    if heartbeat.moved_seconds_ago <= MOVED_SECONDS:
        return ComponentState(part)
    lives = heartbeat.seen_seconds_ago <= MOVED_SECONDS
    return _ill(part, f"{'runs, but ' if lives else ''}no progress for {heartbeat.moved_seconds_ago:.0f} s")


def _clerk(vitals: Vitals) -> ComponentState:
    """The state of asking Clerk, and what it shows about webhooks."""
    seen = vitals.clerk
    if seen.instance_id is None:
        return ComponentState(Component.CLERK, "not asked, since no instance is pinned (`akako instance pin`)")
    moves = _moves(Component.CLERK, vitals.heartbeats)
    if not moves.is_healthy:
        return moves
    if seen.failures >= FAILURES:
        reason = f"Clerk does not answer: {seen.failed_because} ({seen.failures} failures in a row)"
        return ComponentState(Component.CLERK, reason, f"{RUNBOOK}#clerk-does-not-answer")
    if seen.missed:
        reason = f"changes at Clerk without a webhook in the last hour: {seen.missed:,}"
        if seen.arrived:
            return ComponentState(Component.CLERK, reason, f"{RUNBOOK}#webhooks-are-missing")
        return ComponentState(Component.CLERK, f"no webhook arrives; {reason}", f"{RUNBOOK}#webhooks-are-silent")
    if vitals.claims.echo_missing:
        reason = "no webhook arrives, though roles were pushed to Clerk, which sends one for each"
        return ComponentState(Component.CLERK, reason, f"{RUNBOOK}#webhooks-are-silent")
    if vitals.claims.stopped_because:
        reason = f"no roles are pushed: {vitals.claims.stopped_because}"
        return ComponentState(Component.CLERK, reason, f"{RUNBOOK}#claims-are-stopped")
    return moves


def _unknown(part: Component) -> ComponentState:
    return ComponentState(part, "unknown, since the database is unavailable", "fix the database first")


def _ill(part: Component, description: str) -> ComponentState:
    return ComponentState(part, description, NEXT_STEPS[part])
