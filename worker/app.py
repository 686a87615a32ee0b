"""The Celery application that `celery -A worker.app` starts, with its calendar, made from the environment."""

# ruff: noqa: E402 - a signal that comes during the other imports, which take long, stops the process cleanly too
from health import garbage, stop_signals

stop_signals.install()
garbage.defer()

import sys
from typing import Any

import structlog
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
from health import exposition, metrics_dir, process_starts
from health.broker import Broker
from health.gauges import BrokerGauge, StallGauge
from health.progress import ProgressTicker
from health.watchdog import Watchdog
from sync import broker
from worker import liveness, process
from worker.direct import DirectApplier

log = structlog.get_logger()

LEAST_FORCE_SECONDS = 60
FORGET_SECONDS = 600
"""Often, so that a calendar that is restarted now and then comes to it too: it counts from its start."""
LONGEST_SLEEP_SECONDS = 2
"""Of the calendar, however far off its next entry is: each time it wakes is a sign of life."""


def build(settings: WorkerSettings) -> Celery:
    """The application of one worker or calendar."""
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
    """An entry whose messages lose their force, so that a worker that comes back after a day does not do a day's worth.

    Not sooner than in a minute: it is another machine's clock that judges.
    """
    expires = max(LEAST_FORCE_SECONDS, 2 * seconds)
    return {"task": task, "schedule": float(seconds), "options": {"queue": broker.CALENDAR, "expires": expires}}


settings = load(WorkerSettings)
logs.configure("beat" if "beat" in sys.argv else "worker", form=settings.log_format, level=settings.log_level)
app = build(settings)


@setup_logging.connect(weak=False)
def _spoken_for(**_: object) -> None:
    """Keep Celery from setting up logging of its own, and let its pool of processes speak through ours."""
    get_logger().propagate = True
    # Celery prints notices of its shutdown there as plain text, past logging.
    sys.__stdout__ = None  # type: ignore[misc]


@worker_init.connect(weak=False)
def _watch_worker(**_: object) -> None:
    watch = liveness.worker_watchdog(settings)
    worker_ready.connect(watch.ready, weak=False)
    direct = DirectApplier(settings)
    for part in (watch, direct):
        worker_shutting_down.connect(part.stop, weak=False)
    _begin(watch)
    direct.start()


@worker_ready.connect(weak=False)
def _stop_cleanly(**_: object) -> None:
    """Celery's own would end with 1 on SIGINT, and start the worker again on SIGHUP."""
    stop_signals.treat_as_sigterm()


@worker_ready.connect(weak=False)
def _sweep_at_once(**_: object) -> None:
    """What the worker before this one lost waits for no calendar."""
    app.send_task(broker.SWEEP, queue=broker.CALENDAR, expires=LEAST_FORCE_SECONDS)


@worker_process_init.connect(weak=False)
def _equip(**_: object) -> None:
    process_starts.count_start()
    process.open_resources(settings)
    garbage.tune()
    ticker = ProgressTicker(liveness.PROGRESS)
    task_prerun.connect(ticker.begin_ticking, weak=False)
    task_prerun.connect(_speak_of, weak=False)
    task_postrun.connect(ticker.end_ticking, weak=False)
    task_postrun.connect(_speak_of_none, weak=False)


def _speak_of(task_id: str, **_: object) -> None:
    structlog.contextvars.bind_contextvars(task_id=task_id)


def _speak_of_none(**_: object) -> None:
    structlog.contextvars.unbind_contextvars("task_id")


@beat_init.connect(weak=False)
def _watch_beat(**_: object) -> None:
    log.info("beat.started")
    watch = liveness.beat_watchdog(settings)
    watch.ready()
    _begin(watch)


def _begin(watch: Watchdog) -> None:
    garbage.tune()
    watch.start()
    redis = BrokerGauge(Broker(settings.redis))
    exposition.start(
        settings,
        metrics_dir.DIRECTORY,
        redis,
        StallGauge(lambda: watch.stalled_seconds),
        healthy=lambda: watch.is_progressing,
    )
