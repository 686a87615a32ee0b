"""The Celery application that `celery -A worker.clerk worker` starts: asks Clerk, on a queue of its own."""

# ruff: noqa: E402 - installed before the slow imports, so that a signal during them also stops the process cleanly
from health import garbage, metrics_dir, stop_signals

stop_signals.install()
garbage.defer()

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from celery import Celery
from celery.signals import worker_init, worker_ready, worker_shutting_down
from kombu import Queue
from sqlalchemy import Engine

from akako_guard.database import engine
from clerk.backend import Backend
from config import logs
from config.settings import ReconcileSettings, load
from health.stop_flag import StopFlag
from reconcile.pace import Pace
from reconcile.slice import Slicer
from sync import broker, deletion_limits
from worker import failures, liveness, runtime

EXPIRES_SECONDS = 60
SOFT_SECONDS = 60
HARD_SECONDS = 75
"""Time limits of one slice: its 20 s, and the longest answer of Clerk."""
STOPPING = StopFlag()
"""Set when this process is stopped, so that a slice ends after the request that it waits for."""
STATEMENT_SECONDS = 30
LOCK_SECONDS = 5
IDLE_SECONDS = 30


def build(settings: ReconcileSettings) -> Celery:
    """The application of the process that asks Clerk. One process: two would share the pace of one key."""
    celery = broker.consumer(settings.redis)
    celery.conf.update(
        worker_concurrency=1,
        task_queues=[Queue(broker.CLERK), Queue(broker.CLAIMS)],
        # Neither a long walk nor a long first push keeps the other waiting for more than one slice.
        broker_transport_options={**celery.conf.broker_transport_options, "queue_order_strategy": "round_robin"},
        task_default_queue=broker.CLERK,
        task_soft_time_limit=SOFT_SECONDS,
        task_time_limit=HARD_SECONDS,
    )
    return celery


@dataclass(slots=True)
class _Resources:
    """The resources of the child process."""

    pool: Engine
    slicer: Slicer


settings = load(ReconcileSettings)
logs.configure("clerk", form=settings.log_format, level=settings.log_level)
app = build(settings)
_resources: list[_Resources] = []


def _open_resources() -> None:
    pool = engine.connect(
        settings.database_url.get_secret_value(),
        "clerk",
        pooler=settings.database_pooler,
        connections=1,
        statement_seconds=STATEMENT_SECONDS,
        lock_seconds=LOCK_SECONDS,
        idle_seconds=IDLE_SECONDS,
        looks_up=True,
    )
    key = settings.clerk_secret_key.get_secret_value()
    slicer = Slicer(
        engine=pool,
        backend=Backend(key, settings.clerk_api_url),
        pace=Pace(settings.requests_per_second),
        default_role=settings.default_role,
        holder=uuid.uuid4().hex,
        limit=deletion_limits.configured(settings).inferred,
        stopping=lambda: STOPPING.is_set,
    )
    _resources[:] = [_Resources(pool, slicer)]


runtime.install(_open_resources)


@worker_init.connect(weak=False)
@runtime.essential
def _start_threads(**_: object) -> None:
    watchdog = liveness.clerk_watchdog(settings)
    worker_ready.connect(watchdog.ready, weak=False)
    for stop in (watchdog.stop, STOPPING.set):
        worker_shutting_down.connect(stop, weak=False)
    runtime.start_watchdog(settings, settings.redis, watchdog, metrics_dir.DIRECTORY)


@worker_ready.connect(weak=False)
def _reconcile_at_once(**_: object) -> None:
    _send(broker.RECONCILE, broker.CLERK)


def _send(task: str, queue: str) -> None:
    app.send_task(task, queue=queue, expires=EXPIRES_SECONDS)


@app.task(name=broker.RECONCILE)
def reconcile() -> None:
    """Ask Clerk for one slice, and at once for another if an urgent walk is unfinished."""
    _work(Slicer.run, broker.RECONCILE, broker.CLERK)


@app.task(name=broker.PUSH_ROLES)
def push_roles() -> None:
    """Push the roles of users that are due for one slice, and at once for another if more are due."""
    _work(Slicer.push, broker.PUSH_ROLES, broker.CLAIMS)


def _work(run: Callable[[Slicer], bool], task: str, queue: str) -> None:
    resources = _resources[0]
    try:
        if run(resources.slicer):
            _send(task, queue)
    except Exception as error:
        failures.record(error)
        # The state of the connection is unknown, so the next slice opens a new one.
        resources.pool.dispose()
