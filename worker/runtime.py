"""What the Celery applications have in common: logging, clean stops, progress of each process, watchdog and metrics."""

import functools
import os
import sys
from collections.abc import Callable

import structlog
from billiard import pool
from billiard.util import get_logger
from celery.signals import setup_logging, task_postrun, task_prerun, worker_process_init, worker_ready

from config import logs
from config.redis_url import RedisAddress
from config.settings import MetricsSettings
from health import exposition, garbage, process_starts, stop_signals
from health.broker import Broker
from health.gauges import BrokerGauge, StallGauge
from health.progress import ProgressTicker
from health.thread import BROKEN
from health.watchdog import Watchdog
from worker import liveness

log = structlog.get_logger()

CONSUMED_SECONDS = 3
"""How long a child that stops waits until its parent has read its results: it reads them every half second.

The parent never reads the result of a task that it has sent to the child, and that the child had not accepted, when the
worker was told to stop. Such a task is delivered again; billiard's child would wait for 30 s.
"""


def install(open_resources: Callable[[], None]) -> None:
    """Connect Celery's signals; `open_resources` runs in each process after the fork."""
    # Counted in intervals of a tenth of a second.
    pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT = 10 * CONSUMED_SECONDS

    @essential
    def start_process(**_: object) -> None:
        process_starts.count_start()
        open_resources()
        garbage.tune()
        ticker = ProgressTicker(liveness.PROGRESS)
        task_prerun.connect(ticker.begin_ticking, weak=False)
        task_prerun.connect(_bind_task_id, weak=False)
        task_postrun.connect(ticker.end_ticking, weak=False)
        task_postrun.connect(_unbind_task_id, weak=False)

    setup_logging.connect(_keep_our_logging, weak=False)
    worker_ready.connect(_stop_cleanly, weak=False)
    worker_process_init.connect(start_process, weak=False)


def essential(handler: Callable[..., None]) -> Callable[..., None]:
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


def start_watchdog(settings: MetricsSettings, redis: RedisAddress, watchdog: Watchdog, directory: str) -> None:
    """Start the watchdog, and the port of health and of the metrics in this directory."""
    garbage.tune()
    watchdog.start()
    exposition.start(
        settings,
        directory,
        BrokerGauge(Broker(redis)),
        StallGauge(lambda: watchdog.stalled_seconds),
        healthy=lambda: watchdog.is_progressing,
    )


def _keep_our_logging(**_: object) -> None:
    """Prevent Celery from configuring logging, and send the log of its process pool through ours."""
    get_logger().propagate = True
    # Celery prints shutdown notices there as plain text, bypassing logging.
    sys.__stdout__ = None  # type: ignore[misc]


def _stop_cleanly(**_: object) -> None:
    """Replace Celery's handlers, which exit with 1 on SIGINT and restart the worker on SIGHUP."""
    stop_signals.treat_as_sigterm()


def _bind_task_id(task_id: str, **_: object) -> None:
    structlog.contextvars.bind_contextvars(task_id=task_id)


def _unbind_task_id(**_: object) -> None:
    structlog.contextvars.unbind_contextvars("task_id")
