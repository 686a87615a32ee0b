"""Retries events that could not be applied, with backoff, and parks them after the last attempt."""

import structlog
from sqlalchemy import Engine

from config import logs
from db import events
from db.events import Claimed
from sync.metrics import PARKED, POSTPONED

log = structlog.get_logger()

# About a day in total, as long as Svix itself retries: time for a person to fix the cause.
PAUSES_SECONDS = (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 28_800)


def pause(attempts: int) -> float | None:
    """Seconds until the next attempt after `attempts` failed ones; None if the event is to be parked."""
    return PAUSES_SECONDS[attempts] if attempts < len(PAUSES_SECONDS) else None


def begin(engine: Engine, svix_id: str, error: Exception) -> bool:
    """Count an attempt as failed with this error before it is made; returns whether to make it.

    For an event that may have ended its worker: if the attempt ends the worker again, the event's row records it.
    """
    why = logs.fault(error)
    with engine.begin() as connection:
        for event in events.claim(connection, [svix_id]):
            if event.attempts > len(PAUSES_SECONDS):
                events.park(connection, svix_id, _sentence(event, why))
                _report(event, None, why)
                return False
            seconds = pause(event.attempts) or PAUSES_SECONDS[-1]
            events.postpone(connection, svix_id, seconds, _sentence(event, why))
            return True
    return False


def note(engine: Engine, svix_id: str, error: Exception, *, begun: bool = False) -> None:
    """Record that an event failed alone, and postpone or park it. The text of the error is not stored: it may contain
    personal data.

    `begun`: the attempt is counted already.
    """
    why = logs.fault(error)
    with engine.begin() as connection:
        if begun:
            events.uncount_attempt(connection, svix_id)
        for event in events.claim(connection, [svix_id], wait=True):
            seconds = pause(event.attempts)
            if seconds is None:
                events.park(connection, svix_id, _sentence(event, why))
            else:
                events.postpone(connection, svix_id, seconds, _sentence(event, why))
            _report(event, seconds, why)


def _report(event: Claimed, seconds: float | None, why: dict[str, str]) -> None:
    (POSTPONED if seconds is not None else PARKED).labels(why["error"]).inc()
    fields = {"svix_id": event.svix_id, "clerk_user_id": event.clerk_user_id, "attempts": event.attempts + 1, **why}
    if seconds is None:
        log.error("event.parked", next_step="fix the cause, then run `akako events replay` for it", **fields)
    else:
        log.warning("event.postponed", again_in_seconds=seconds, **fields)


def _sentence(event: Claimed, why: dict[str, str]) -> str:
    return f"Attempt {event.attempts + 1}: " + ", ".join(f"{name} {value}" for name, value in why.items())
