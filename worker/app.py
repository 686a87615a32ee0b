"""The Celery application that `celery -A worker.app` starts, with its calendar, made from the environment."""

import sys
from typing import Any

import structlog
from billiard.util import get_logger
from celery import Celery
from celery.signals import beat_init, setup_logging, worker_process_init
from kombu import Queue

from config import logs
from config.settings import WorkerSettings, load
from worker import broker, process

log = structlog.get_logger()

LEAST_FORCE_SECONDS = 60
FORGET_SECONDS = 600
"""Often, so that a calendar that is restarted now and then comes to it too: it counts from its start."""


def build(settings: WorkerSettings) -> Celery:
    """The application of one worker or calendar."""
    celery = broker.consumer(settings.redis_url.get_secret_value())
    celery.conf.update(
        include=["worker.tasks"],
        worker_concurrency=settings.worker_processes,
        task_queues=[Queue(broker.EVENTS), Queue(broker.CALENDAR)],
        # Nothing to remember: a calendar of short intervals may forget when it last ticked, and two may run at once.
        beat_scheduler="celery.beat:Scheduler",
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


@worker_process_init.connect(weak=False)
def _equip(**_: object) -> None:
    process.equip(settings)


@beat_init.connect(weak=False)
def _greet(**_: object) -> None:
    log.info("beat.started")
