"""Counts and logs what kept work from being done; what is due is found again, so nothing else has to happen."""

import structlog
from kombu.exceptions import OperationalError
from redis import RedisError

from config import logs
from db import faults
from health import redis_faults
from sync import bisect, metrics

log = structlog.get_logger()


def note(error: Exception) -> None:
    """Count an error by its cause, and log it with what to do about it."""
    if isinstance(error, (OperationalError, RedisError)):
        fault = redis_faults.explain(error)
        metrics.TASKS_FAILED.labels("queue_unavailable").inc()
        log.warning("queue.unavailable", reason=fault.reason, next_step=fault.next_step, **logs.fault(error))
    elif bisect.ran_out_of_time(error):
        metrics.TASKS_FAILED.labels("ran_out_of_time").inc()
        log.warning("task.ran_out_of_time", next_step="nothing: what is left comes again, in smaller sets")
    elif remedy := faults.remedy(error):
        metrics.TASKS_FAILED.labels("database_unavailable").inc()
        log.warning("database.unavailable", next_step=remedy, **logs.fault(error))
    elif faults.is_lock(error):
        metrics.TASKS_FAILED.labels("database_locked").inc()
        log.warning("database.locked", next_step="look in pg_locks for who holds a lock so long", **logs.fault(error))
    else:
        metrics.TASKS_FAILED.labels("fault").inc()
        log.error("task.failed", next_step="report this: it is a fault of ours", **logs.fault(error))
