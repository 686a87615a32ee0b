"""The tasks, each a name and one call: the work is never in the task."""

from collections.abc import Callable
from typing import TypeVar

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from kombu.exceptions import OperationalError
from redis import RedisError

from config import logs
from db import faults
from worker import apply, broker, expiry, process, sweep
from worker.app import app

log = structlog.get_logger()

Done = TypeVar("Done")


def _spoken(work: Callable[[], Done]) -> Done | None:
    """Do a task's work; say what kept it from being done, and no more: what is due is found again by the sweep."""
    try:
        return work()
    except SoftTimeLimitExceeded:
        log.warning("task.ran_out_of_time", next_step="nothing: the sweep sends what is left again")
    except (OperationalError, RedisError) as error:
        log.warning("queue.away", next_step="check REDIS_URL and that Redis runs", **logs.fault(error))
    except Exception as error:
        if faults.is_away(error):
            log.warning("database.away", next_step="check DATABASE_URL and that it accepts us", **logs.fault(error))
        else:
            log.error("task.failed", next_step="report this: it is a fault of ours", **logs.fault(error))
    return None


@app.task(name=broker.APPLY_EVENTS)
def apply_events(svix_ids: list[str]) -> None:
    """Apply the events of these ids."""
    tools = process.tools()
    done = _spoken(lambda: apply.apply(tools.engine, svix_ids, tools.settings.default_role))
    if done is not None:
        log.info("events.applied", asked=len(svix_ids), **{name: getattr(done, name) for name in done.__slots__})


@app.task(name=broker.SWEEP)
def sweep_events() -> None:
    """Nudge what is due and not applied."""
    tools = process.tools()
    count = _spoken(lambda: sweep.sweep(tools.engine, tools.queue, tools.settings.sweep_rows))
    if count:
        log.info("events.swept", count=count)


@app.task(name=broker.EXPIRE_ROLES)
def expire_roles() -> None:
    """Write down which roles have ended."""
    tools = process.tools()
    count = _spoken(lambda: expiry.expire(tools.engine, tools.settings.expire_rows))
    if count:
        log.info("roles.expired", count=count)
