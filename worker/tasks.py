"""The tasks, each a name and one call: the work is never in the task."""

import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from celery import Task

from sync import apply, bisect, broker, expiry, metrics, retention, suspect, sweep
from sync.apply import Applied
from worker import hindrances, process
from worker.app import app
from worker.process import ProcessResources

log = structlog.get_logger()

Done = TypeVar("Done")


def _spoken(work: Callable[[], Done]) -> Done | None:
    """Do a task's work; say what kept it from being done, and no more: what is due is found again by the sweep."""
    try:
        return work()
    except Exception as error:
        hindrances.note(error)
        # Whatever state the connection is in, the next task begins with another: perhaps to another server.
        process.resources().engine.dispose()
    return None


def _apply_or_part(tools: ProcessResources, svix_ids: list[str]) -> Applied:
    try:
        return apply.apply(tools.engine, svix_ids, tools.settings.default_role)
    except Exception as error:
        if bisect.ran_out_of_time(error):
            tools.engine.dispose()
            suspect.part(tools.engine, tools.queue, svix_ids)
        raise


def _apply_carefully(tools: ProcessResources, svix_ids: list[str]) -> Applied | None:
    """None for a set that was sent again in halves."""
    done = suspect.redelivered(tools.engine, tools.queue, svix_ids, tools.settings.default_role)
    return done if len(svix_ids) == 1 else None


@app.task(name=broker.APPLY_EVENTS, bind=True)
def apply_events(task: "Task[[list[str]], None]", svix_ids: list[str]) -> None:
    """Apply the events of these ids."""
    tools = process.resources()
    begun = time.monotonic()
    if (task.request.delivery_info or {}).get("redelivered"):
        log.info("set.redelivered", events=len(svix_ids))
        done = _spoken(lambda: _apply_carefully(tools, svix_ids))
    else:
        done = _spoken(lambda: _apply_or_part(tools, svix_ids))
    if done is not None:
        metrics.note_processed(time.monotonic() - begun, done.lags, **done.figures)
        log.info("events.applied", asked=len(svix_ids), **done.figures)


@app.task(name=broker.SWEEP)
def sweep_events() -> None:
    """Nudge what is due and not applied."""
    tools = process.resources()
    count = _spoken(lambda: sweep.sweep(tools.engine, tools.queue, tools.settings.sweep_rows))
    if count:
        metrics.ENQUEUED.inc(count)
        log.info("events.enqueued", count=count)


@app.task(name=broker.EXPIRE_ROLES)
def expire_roles() -> None:
    """Write down which roles have ended."""
    tools = process.resources()
    count = _spoken(lambda: expiry.expire(tools.engine, tools.settings.expire_rows))
    if count:
        metrics.EXPIRED.inc(count)
        log.info("roles.expired", count=count)


@app.task(name=broker.FORGET_BODIES)
def forget_bodies() -> None:
    """Let old events that are done lose their bodies."""
    tools = process.resources()
    count = _spoken(lambda: retention.erase_bodies(tools.engine, tools.settings.event_body_days))
    if count:
        log.info("bodies.erased", count=count)
