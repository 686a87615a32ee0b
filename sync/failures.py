"""What becomes of an event that could not be applied: it is tried again with growing pauses, then parked."""

import structlog
from sqlalchemy import Engine

from config import logs
from db import events
from db.events import Claimed
from sync.metrics import PARKED, POSTPONED

log = structlog.get_logger()

# About a day in all, as long as Svix itself keeps trying: time for a person to mend what is wrong.
PAUSES_SECONDS = (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 28_800)


def pause(attempts: int) -> float | None:
    """Seconds until the next attempt after so many failed ones; None when it is time to park."""
    return PAUSES_SECONDS[attempts] if attempts < len(PAUSES_SECONDS) else None


def begin(engine: Engine, svix_id: str, error: Exception) -> bool:
    """Count an attempt before it is made, as failed with this error; whether it is to be made.

    For an event over which a worker may have been lost: if the attempt ends the worker again, our own row says so.
    """
    why = logs.fault(error)
    with engine.begin() as connection:
        for event in events.claim(connection, [svix_id]):
            if event.attempts > len(PAUSES_SECONDS):
                events.park(connection, svix_id, _sentence(event, why))
                _say(event, None, why)
                return False
            seconds = pause(event.attempts) or PAUSES_SECONDS[-1]
            events.postpone(connection, svix_id, seconds, _sentence(event, why))
            return True
    return False


def note(engine: Engine, svix_id: str, error: Exception, *, begun: bool = False) -> None:
    """Write down that an event failed by itself, and when it comes again. Its error's text may hold personal data.

    `begun`: the attempt is counted already.
    """
    why = logs.fault(error)
    with engine.begin() as connection:
        if begun:
            events.unpark(connection, svix_id)
        for event in events.claim(connection, [svix_id], wait=True):
            seconds = pause(event.attempts)
            if seconds is None:
                events.park(connection, svix_id, _sentence(event, why))
            else:
                events.postpone(connection, svix_id, seconds, _sentence(event, why))
            _say(event, seconds, why)


def _say(event: Claimed, seconds: float | None, why: dict[str, str]) -> None:
    (POSTPONED if seconds is not None else PARKED).labels(why["error"]).inc()
    said = {"svix_id": event.svix_id, "clerk_user_id": event.clerk_user_id, "attempts": event.attempts + 1, **why}
    if seconds is None:
        log.error("event.parked", next_step="mend the cause, then `akako events replay` it", **said)
    else:
        log.warning("event.postponed", again_in_seconds=seconds, **said)


def _sentence(event: Claimed, why: dict[str, str]) -> str:
    return f"Attempt {event.attempts + 1}: " + ", ".join(f"{name} {value}" for name, value in why.items())
