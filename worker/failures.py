"""Counts and logs errors of tasks; nothing else is needed, since the sweep enqueues due events again."""

import structlog
from kombu.exceptions import OperationalError
from redis import RedisError

from akako_guard.database import faults
from config import logs
from health import redis_faults
from sync import bisect, metrics

log = structlog.get_logger()


def record(error: Exception) -> None:
    """Count an error by its cause, and log it with the next step."""
    if isinstance(error, (OperationalError, RedisError)):
        fault = redis_faults.explain(error)
        metrics.TASKS_FAILED.labels("queue_unavailable").inc()
        log.warning("queue.unavailable", reason=f"Redis {fault.reason}", next_step=fault.next_step, **logs.fault(error))
    elif bisect.ran_out_of_time(error):
        metrics.TASKS_FAILED.labels("ran_out_of_time").inc()
        log.warning("task.ran_out_of_time", next_step="none: the work is enqueued again, events in smaller sets")
    elif remedy := faults.remedy(error):
        metrics.TASKS_FAILED.labels("database_unavailable").inc()
        log.warning("database.unavailable", next_step=remedy, **logs.fault(error))
    elif faults.is_lock(error):
        metrics.TASKS_FAILED.labels("database_locked").inc()
        next_step = "look in pg_locks for the transaction that holds the lock"
        log.warning("database.locked", next_step=next_step, **logs.fault(error))
    else:
        metrics.TASKS_FAILED.labels("fault").inc()
        log.error("task.failed", next_step="report this as a bug", **logs.fault(error))
