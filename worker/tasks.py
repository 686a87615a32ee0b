"""The Celery tasks. Each calls one function of `sync`, which does the work."""

import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from celery import Task

from sync import apply, bisect, broker, expiry, metrics, retention, sweep
from sync.apply import Applied
from worker import failures, process
from worker.app import app
from worker.process import ProcessResources

log = structlog.get_logger()

Done = TypeVar("Done")


def _logging_errors(work: Callable[[], Done]) -> Done | None:
    """Run a task; an error is only counted and logged, since the sweep enqueues due events again."""
    try:
        return work()
    except Exception as error:
        failures.record(error)
        # The state of the connection is unknown, so the next task opens a new one, perhaps to another server.
        process.resources().engine.dispose()
    return None


def _apply(resources: ProcessResources, svix_ids: list[str]) -> Applied:
    try:
        return apply.apply(
            resources.engine, svix_ids, resources.settings.default_role, limit=resources.deletion_limits.signed
        )
    except Exception as error:
        if bisect.ran_out_of_time(error):
            resources.engine.dispose()
            bisect.after_timeout(resources.engine, resources.queue, svix_ids)
        raise


def _apply_redelivered(resources: ProcessResources, svix_ids: list[str]) -> Applied | None:
    """Apply a redelivered event; a larger set is enqueued again in halves, with None as the result."""
    if len(svix_ids) == 1:
        return apply.apply_redelivered(
            resources.engine, svix_ids[0], resources.settings.default_role, resources.deletion_limits.signed
        )
    bisect.enqueue_halves(resources.queue, svix_ids)
    return None


@app.task(name=broker.APPLY_EVENTS, bind=True)
def apply_events(task: "Task[[list[str]], None]", svix_ids: list[str]) -> None:
    """Apply the events with these ids."""
    resources = process.resources()
    begun = time.monotonic()
    if (task.request.delivery_info or {}).get("redelivered"):
        log.info("set.redelivered", events=len(svix_ids))
        done = _logging_errors(lambda: _apply_redelivered(resources, svix_ids))
    else:
        done = _logging_errors(lambda: _apply(resources, svix_ids))
    if done is not None:
        metrics.note_processed(time.monotonic() - begun, done.lags, **done.counts)
        log.info("events.applied", events=len(svix_ids), **done.counts)


@app.task(name=broker.SWEEP)
def sweep_events() -> None:
    """Enqueue events that are due and not applied."""
    resources = process.resources()
    count = _logging_errors(lambda: sweep.sweep(resources.engine, resources.queue, resources.settings.sweep_rows))
    if count:
        metrics.ENQUEUED.inc(count)
        log.info("events.enqueued", count=count)


@app.task(name=broker.EXPIRE_ROLES)
def expire_roles() -> None:
    """Record the expiry of roles."""
    resources = process.resources()
    count = _logging_errors(lambda: expiry.expire(resources.engine, resources.settings.expire_rows))
    if count:
        metrics.EXPIRED.inc(count)
        log.info("roles.expired", count=count)


@app.task(name=broker.FORGET_BODIES)
def forget_bodies() -> None:
    """Erase the bodies of old processed events."""
    resources = process.resources()
    count = _logging_errors(lambda: retention.erase_bodies(resources.engine, resources.settings.event_body_days))
    if count:
        log.info("bodies.erased", count=count)
