"""The Celery application that `celery -A worker.app` starts, with its schedule, configured from the environment."""

# ruff: noqa: E402 - installed before the slow imports, so that a signal during them also stops the process cleanly
from health import garbage, metrics_dir, stop_signals

stop_signals.install()
garbage.defer()

import functools
import os
import sys
from collections.abc import Callable
from typing import Any

import structlog
from billiard import pool
from billiard.util import get_logger
from celery import Celery
from celery.signals import (
    beat_init,
    setup_logging,
    task_postrun,
    task_prerun,
    worker_init,
    worker_process_init,
    worker_ready,
    worker_shutting_down,
)
from kombu import Queue

from config import logs
from config.settings import WorkerSettings, load
from health import exposition, process_starts
from health.broker import Broker
from health.gauges import BrokerGauge, StallGauge
from health.progress import ProgressTicker
from health.thread import BROKEN
from health.watchdog import Watchdog
from sync import broker
from worker import liveness, process
from worker.direct import DirectApplier

log = structlog.get_logger()

LEAST_FORCE_SECONDS = 60
FORGET_SECONDS = 600
"""Short, so that a scheduler that is restarted frequently also runs it: intervals count from its start."""
LONGEST_SLEEP_SECONDS = 2
"""The longest sleep of the scheduler, since each time it wakes up counts as progress."""
CONSUMED_SECONDS = 3
"""How long a child that stops waits until its parent has read its results: it reads them every half second.

The parent never reads the result of a task that it has sent to the child, and that the child had not accepted, when the
worker was told to stop. Such a task is delivered again; billiard's child would wait for 30 s.
"""


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
        },
    )
    return celery


def _every(seconds: int, task: str) -> dict[str, Any]:
    """An entry whose messages expire, so that a worker that was down for a day does not run a day's worth of them.

    They expire after a minute at the earliest, since the worker's clock may differ from the scheduler's.
    """
    expires = max(LEAST_FORCE_SECONDS, 2 * seconds)
    return {"task": task, "schedule": float(seconds), "options": {"queue": broker.CALENDAR, "expires": expires}}


# Counted in intervals of a tenth of a second.
pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT = 10 * CONSUMED_SECONDS
settings = load(WorkerSettings)
logs.configure("beat" if "beat" in sys.argv else "worker", form=settings.log_format, level=settings.log_level)
app = build(settings)


@setup_logging.connect(weak=False)
def _keep_our_logging(**_: object) -> None:
    """Prevent Celery from configuring logging, and send the log of its process pool through ours."""
    get_logger().propagate = True
    # Celery prints shutdown notices there as plain text, bypassing logging.
    sys.__stdout__ = None  # type: ignore[misc]


def _essential(handler: Callable[..., None]) -> Callable[..., None]:
    """Exit if the handler of a signal fails.

    Celery would log the error and go on: the worker without its watchdog, a child without what its tasks need.
    """

    @functools.wraps(handler)
    def handle(**named: object) -> None:
        try:
            handler(**named)
        except Exception as error:
            log.critical("start.failed", next_step="report this as a bug", **logs.fault(error))
            os._exit(BROKEN)

    return handle


@worker_init.connect(weak=False)
@_essential
def _start_threads(**_: object) -> None:
    watchdog = liveness.worker_watchdog(settings)
    worker_ready.connect(watchdog.ready, weak=False)
    direct = DirectApplier(settings)
    for part in (watchdog, direct):
        worker_shutting_down.connect(part.stop, weak=False)
    _start_watchdog(watchdog)
    direct.start()


@worker_ready.connect(weak=False)
def _stop_cleanly(**_: object) -> None:
    """Replace Celery's handlers, which exit with 1 on SIGINT and restart the worker on SIGHUP."""
    stop_signals.treat_as_sigterm()


@worker_ready.connect(weak=False)
def _sweep_at_once(**_: object) -> None:
    """Recover what the previous worker lost without waiting for the scheduler."""
    app.send_task(broker.SWEEP, queue=broker.CALENDAR, expires=LEAST_FORCE_SECONDS)


@worker_process_init.connect(weak=False)
@_essential
def _start_process(**_: object) -> None:
    process_starts.count_start()
    process.open_resources(settings)
    garbage.tune()
    ticker = ProgressTicker(liveness.PROGRESS)
    task_prerun.connect(ticker.begin_ticking, weak=False)
    task_prerun.connect(_bind_task_id, weak=False)
    task_postrun.connect(ticker.end_ticking, weak=False)
    task_postrun.connect(_unbind_task_id, weak=False)


def _bind_task_id(task_id: str, **_: object) -> None:
    structlog.contextvars.bind_contextvars(task_id=task_id)


def _unbind_task_id(**_: object) -> None:
    structlog.contextvars.unbind_contextvars("task_id")


@beat_init.connect(weak=False)
@_essential
def _start_beat(**_: object) -> None:
    log.info("beat.started")
    watchdog = liveness.beat_watchdog(settings)
    watchdog.ready()
    _start_watchdog(watchdog)


def _start_watchdog(watchdog: Watchdog) -> None:
    garbage.tune()
    watchdog.start()
    redis = BrokerGauge(Broker(settings.redis))
    exposition.start(
        settings,
        metrics_dir.DIRECTORY,
        redis,
        StallGauge(lambda: watchdog.stalled_seconds),
        healthy=lambda: watchdog.is_progressing,
    )
