"""Applies due events in the worker's main process while Redis is unavailable, so that events do not wait for it."""

import threading
import time
import uuid

import structlog
from sqlalchemy import Engine

from akako_guard.database import engine
from config.settings import WorkerSettings
from db import events, leases
from health import forking, thread
from health.broker import Broker, RedisUnavailable
from sync import apply, deletion_limits, metrics
from worker import failures

log = structlog.get_logger()

LOOK_SECONDS = 1.0
PATIENCE_SECONDS = 3.0
"""How long Redis must be unavailable before this starts: a restart is shorter, and the sweep recovers from it."""
APPLY_SECONDS = 3.0
"""How long sets are applied between two checks: an unresponsive Redis makes each check take a second."""
LEASE_SECONDS = 15.0
# Shorter than a task's timeouts, since a fork of the main process waits for the current set (health/forking.py).
LONGEST_SECONDS = 5.0
STATEMENT_SECONDS = 5
LOCK_SECONDS = 1
IDLE_SECONDS = 10


class DirectApplier:
    """A thread that checks every second whether Redis accepts messages, and applies due events while it does not.

    Only one worker at a time does so: the one that holds a lease in the database, renewed with every set. Two at once
    would do no harm, since each claims the events that it applies. The database connection exists only during that
    time, and is opened after Celery has forked its processes.
    """

    def __init__(
        self, settings: WorkerSettings, *, every: float = LOOK_SECONDS, patience: float = PATIENCE_SECONDS
    ) -> None:
        self._settings = settings
        self._limit = deletion_limits.configured(settings).signed
        self._every = every
        self._patience = patience
        self._broker = Broker(settings.redis)
        self._holder = uuid.uuid4().hex
        self._engine: Engine | None = None
        self._unavailable_since: float | None = None
        self._logged = False
        self._stopped = threading.Event()
        self._thread = thread.essential("direct applier", self._run)

    def start(self) -> None:
        """Start the thread, whether or not the worker has ever reached Redis."""
        self._thread.start()

    def stop(self, **_: object) -> None:
        """Apply no further set, since the worker shuts down."""
        self._stopped.set()

    def join(self, seconds: float) -> None:
        """Wait up to `seconds` for the last set."""
        self._thread.join(seconds)

    def _run(self) -> None:
        pause = self._every
        while not self._stopped.wait(pause):
            with forking.without_forks():
                waited = self._check()
            more = waited is not None and waited >= self._patience and self._apply_for(APPLY_SECONDS)
            pause = 0.0 if more else self._every
        with forking.without_forks():
            self._finish()
        self._broker.close()

    def _check(self) -> float | None:
        """For how many seconds Redis has been unavailable; None if it accepts messages."""
        try:
            self._broker.takes_messages()
        except RedisUnavailable as error:
            return self._note_unavailable(error)
        if self._logged:
            log.info("queue.available", next_step="none: events are applied through the queue again")
        self._unavailable_since, self._logged = None, False
        self._finish()
        return None

    def _note_unavailable(self, error: RedisUnavailable) -> float:
        now = time.monotonic()
        self._unavailable_since = self._unavailable_since if self._unavailable_since is not None else now
        waited = now - self._unavailable_since
        if waited >= self._patience and not self._logged:
            log.warning("queue.unavailable", reason=f"Redis {error.fault.reason}", next_step=error.fault.next_step)
            self._logged = True
        return waited

    def _apply_for(self, seconds: float) -> bool:
        """Apply sets until nothing is due, or the time is over; returns whether more may be due."""
        deadline = time.monotonic() + seconds
        more = True
        while more and time.monotonic() < deadline and not self._stopped.is_set():
            with forking.without_forks():
                more = self._apply_set()
        return more

    def _apply_set(self) -> bool:
        """Apply one set, if this process holds the lease; returns whether more may be due."""
        pool = self._connected()
        try:
            with pool.begin() as connection:
                if not leases.take(connection, leases.DIRECT_APPLY, self._holder, LEASE_SECONDS):
                    return False
                svix_ids = events.due(connection, self._settings.apply_set_size)
            if not svix_ids:
                return False
            begun = time.monotonic()
            done = apply.apply(pool, svix_ids, self._settings.default_role, LONGEST_SECONDS, self._limit)
        except Exception as error:
            failures.record(error)
            # The state of the connection is unknown, so the next set opens a new one.
            pool.dispose()
            return False
        metrics.note_processed(time.monotonic() - begun, done.lags, **done.counts)
        metrics.APPLIED_DIRECTLY.inc(done.applied)
        log.info("events.applied", events=len(svix_ids), directly=True, **done.counts)
        return len(svix_ids) == self._settings.apply_set_size and any(done.counts.values())

    def _finish(self) -> None:
        """Release the lease and close the connection, if this process has them."""
        if self._engine is None:
            return
        try:
            with self._engine.begin() as connection:
                leases.give_back(connection, leases.DIRECT_APPLY, self._holder)
        except Exception as error:
            failures.record(error)  # the lease expires
        self._engine.dispose()
        self._engine = None

    def _connected(self) -> Engine:
        if self._engine is None:
            self._engine = engine.connect(
                self._settings.database_url.get_secret_value(),
                "worker direct",
                pooler=self._settings.database_pooler,
                connections=1,
                statement_seconds=STATEMENT_SECONDS,
                lock_seconds=LOCK_SECONDS,
                idle_seconds=IDLE_SECONDS,
                looks_up=True,
            )
        return self._engine
