"""The parts without which nothing is applied, and what is wrong with each."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.exc import SQLAlchemyError

from db import faults, migrate
from db.faults import WrongSettings
from db.heartbeats import Heartbeat
from db.vitals import Vitals
from health.broker import Away, Broker
from health.database import Look
from health.single_flight import Asked

MOVED_SECONDS = 30.0
"""Six times as long as a heart takes from one beat to the next."""
FRESH_SECONDS = 2.0
PATIENCE_SECONDS = 2.0


class Part(StrEnum):
    """One of the parts, in the order in which they have to be mended."""

    DATABASE = "database"
    MIGRATIONS = "migrations"
    BROKER = "broker"
    WORKER = "worker"
    BEAT = "beat"


MOVING = (Part.WORKER, Part.BEAT)
NEXT_STEPS = {
    Part.DATABASE: "see that PostgreSQL runs, and that DATABASE_URL is right",
    Part.MIGRATIONS: "run `akako migrate`",
    Part.BROKER: "see that Redis runs, and that REDIS_URL is right",
    Part.WORKER: "see that the worker runs; its log says what keeps it",
    Part.BEAT: "see that the calendar (beat) runs; its log says what keeps it",
}


@dataclass(frozen=True, slots=True)
class State:
    """How one part is: `well`, or in a few words what is wrong. No word of it is a secret or names a host."""

    part: Part
    said: str = "well"
    next_step: str = ""

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong."""
        return not self.next_step


class Parts:
    """Looks at all of them, in bounded time."""

    def __init__(self, look: Look, broker: Broker) -> None:
        self._look = look
        self._broker = Asked(broker.answers, fresh=FRESH_SECONDS, patience=PATIENCE_SECONDS)

    def states(self) -> list[State]:
        """How each part is, in their order."""
        try:
            seen = self._look.vitals()
        except (SQLAlchemyError, TimeoutError, WrongSettings) as error:
            database, migrations = blind(error)
            moving = [_unknown(part) for part in MOVING]
        else:
            database, migrations = _database(seen), _migrations(seen.revision, seen.schema_faults)
            moving = [_moves(part, seen.heartbeats) for part in MOVING]
        return [database, migrations, self._broker_state(), *moving]

    def _broker_state(self) -> State:
        try:
            self._broker.get()
        except (Away, TimeoutError):
            return _ill(Part.BROKER, "does not answer")
        return State(Part.BROKER)


def blind(error: Exception) -> tuple[State, State]:
    """Database and migrations, where nothing could be read: because of the one or of the other."""
    if faults.is_of_another_version(error):
        return State(Part.DATABASE), _ill(Part.MIGRATIONS, "the tables are not of this version")
    said = str(error) if isinstance(error, WrongSettings) else "does not answer"
    away = State(Part.DATABASE, said, faults.remedy(error) or NEXT_STEPS[Part.DATABASE])
    return away, _unknown(Part.MIGRATIONS)


def _database(seen: Vitals) -> State:
    if seen.pooler_found:
        return State(Part.DATABASE, "well; set DATABASE_POOLER=transaction, since a pooler is in use")
    return State(Part.DATABASE)


def _migrations(revision: str | None, schema_faults: list[str]) -> State:
    if missing := migrate.missing(revision):
        return _ill(Part.MIGRATIONS, f"{len(missing)} missing")
    if schema_faults:
        return State(Part.MIGRATIONS, " ".join(schema_faults), "do as the owner of the tables, or an administrator")
    return State(Part.MIGRATIONS)


def _moves(part: Part, heartbeats: list[Heartbeat]) -> State:
    heart = next((each for each in heartbeats if each.part == part), None)
    if heart is None:
        return _ill(part, "never seen")
    if heart.moved_seconds_ago <= MOVED_SECONDS:
        return State(part)
    lives = heart.seen_seconds_ago <= MOVED_SECONDS
    return _ill(part, f"{'lives and has' if lives else 'has'} not moved for {heart.moved_seconds_ago:.0f} s")


def _unknown(part: Part) -> State:
    return State(part, "unknown, since the database says nothing", "mend the database first")


def _ill(part: Part, said: str) -> State:
    return State(part, said, NEXT_STEPS[part])
