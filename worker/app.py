"""The Celery application that `celery -A worker.app` starts, with its schedule, configured from the environment."""

# ruff: noqa: E402 - installed before the slow imports, so that a signal during them also stops the process cleanly
from health import garbage, metrics_dir, stop_signals

stop_signals.install()
garbage.defer()

import sys
from typing import Any

import structlog
from celery import Celery
from celery.signals import beat_init, worker_init, worker_ready, worker_shutting_down
from kombu import Queue

from config import logs
from config.settings import WorkerSettings, load
from sync import broker
from worker import liveness, process, runtime
from worker.direct import DirectApplier

log = structlog.get_logger()

LEAST_FORCE_SECONDS = 60
FORGET_SECONDS = 600
"""Short, so that a scheduler that is restarted frequently also runs it: intervals count from its start."""
RECONCILE_SECONDS = 60
PUSH_SECONDS = 3
LONGEST_SLEEP_SECONDS = 2
"""The longest sleep of the scheduler, since each time it wakes up counts as progress."""


def build(settings: WorkerSettings) -> Celery:
    """The application of one worker or scheduler."""
    celery = broker.consumer(settings.redis)
    celery.conf.update(
        include=["worker.tasks"],
        worker_concurrency=settings.worker_processes,
        task_queues=[Queue(broker.EVENTS), Queue(broker.CALENDAR)],
        beat_scheduler="worker.scheduler:StatelessScheduler",
        beat_max_loop_interval=LONGEST_SLEEP_SECONDS,
        beat_schedule={
            broker.SWEEP: _every(settings.sweep_seconds, broker.SWEEP),
            broker.EXPIRE_ROLES: _every(settings.expire_seconds, broker.EXPIRE_ROLES),
            broker.FORGET_BODIES: _every(FORGET_SECONDS, broker.FORGET_BODIES),
            broker.RECONCILE: _every(RECONCILE_SECONDS, broker.RECONCILE, broker.CLERK),
            broker.PUSH_ROLES: _every(PUSH_SECONDS, broker.PUSH_ROLES, broker.CLAIMS),
        },
    )
    return celery


def _every(seconds: int, task: str, queue: str = broker.CALENDAR) -> dict[str, Any]:
    """An entry whose messages expire, so that a worker that was down for a day does not run a day's worth of them.

    They expire after a minute at the earliest, since the worker's clock may differ from the scheduler's.
    """
    expires = max(LEAST_FORCE_SECONDS, 2 * seconds)
    return {"task": task, "schedule": float(seconds), "options": {"queue": queue, "expires": expires}}


settings = load(WorkerSettings)
logs.configure("beat" if "beat" in sys.argv else "worker", form=settings.log_format, level=settings.log_level)
app = build(settings)


runtime.install(lambda: process.open_resources(settings))


@worker_init.connect(weak=False)
@runtime.essential
def _start_threads(**_: object) -> None:
    watchdog = liveness.worker_watchdog(settings)
    worker_ready.connect(watchdog.ready, weak=False)
    direct = DirectApplier(settings)
    for part in (watchdog, direct):
        worker_shutting_down.connect(part.stop, weak=False)
    runtime.start_watchdog(settings, settings.redis, watchdog, metrics_dir.DIRECTORY)
    direct.start()


@worker_ready.connect(weak=False)
def _sweep_at_once(**_: object) -> None:
    """Recover what the previous worker lost without waiting for the scheduler."""
    app.send_task(broker.SWEEP, queue=broker.CALENDAR, expires=LEAST_FORCE_SECONDS)


@beat_init.connect(weak=False)
@runtime.essential
def _start_beat(**_: object) -> None:
    log.info("beat.started")
    watchdog = liveness.beat_watchdog(settings)
    watchdog.ready()
    runtime.start_watchdog(settings, settings.redis, watchdog, metrics_dir.DIRECTORY)
