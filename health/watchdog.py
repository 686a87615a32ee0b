"""Liveness watchdog: terminates a stalled process, so that its supervisor restarts it."""

import os
import threading
import time
from collections.abc import Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

from config import logs
from health import forking, thread
from health.broker import RedisUnavailable
from health.heartbeat import Heartbeat
from health.progress import Progress

log = structlog.get_logger()

STALLED = 75
"""The exit code of a stalled process (EX_TEMPFAIL: try again later)."""
PATIENCE_SECONDS = 10.0
"""How long work may be pending without progress; docs/explanation/healing.md shows the total time to recover."""
STARTING_SECONDS = 30.0
"""The same until the process is ready, since starting takes long on a busy host."""
LOOK_SECONDS = 1.0
LATE_SECONDS = 4.0
"""A check that is this late restarts the timeout: the host was busy or a server silent, and nothing was observed."""
BEAT_SECONDS = 5.0
BLOCKED_SECONDS = 60.0
"""How long one check and the wait for a fork may take: several times what the timeouts of their calls add up to."""
STOPPING_SECONDS = 90.0
"""How long the process may take to stop: longer than the hard time limit of a task, which it waits for."""


class Watchdog:
    """A thread that checks whether the process makes progress while work is pending.

    `waits` returns whether work is pending, and raises RedisUnavailable if that is unknown. `stuck` returns whether a
    message is held for longer than possible, regardless of other progress. An unavailable Redis or PostgreSQL is never
    a reason to terminate; when it is available again, the timeout restarts. Any other error in this thread terminates
    the process, since a stall would no longer be detected.

    `extend` sets the deadline after which the process ends if this thread itself is blocked, or the process does not
    stop; by default there is none.
    """

    def __init__(
        self,
        part: str,
        progress: Progress,
        heartbeat: Heartbeat,
        waits: Callable[[], bool],
        *,
        stuck: Callable[[], bool] = lambda: False,
        end: Callable[[], None] = lambda: os._exit(STALLED),
        extend: Callable[[float], None] = lambda _: None,
        patience: float = PATIENCE_SECONDS,
        every: float = LOOK_SECONDS,
    ) -> None:
        self._part = part
        self._progress = progress
        self._heartbeat = heartbeat
        self._waits = waits
        self._stuck = stuck
        self._end = end
        self._extend = extend
        self._patience = patience
        self._every = every
        self._stopped = threading.Event()
        self._thread = thread.essential("watchdog", self._run)
        self._ready = False
        self._idle_at = self._checked_at = time.monotonic()
        self._beat_at = self._checked_at - BEAT_SECONDS
        self._database_unavailable = False

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def ready(self, **_: object) -> None:
        """Apply the normal timeout from now on, since the process has started."""
        self._idle_at = time.monotonic()
        self._ready = True

    def stop(self, **_: object) -> None:
        """Stop checking, since the process is shutting down."""
        self._stopped.set()

    def join(self, seconds: float) -> None:
        """Wait up to `seconds` for the last check."""
        self._thread.join(seconds)

    @property
    def stalled_seconds(self) -> float:
        """How long work has been pending without progress; about 0 while none is pending."""
        return min(self._progress.stalled_seconds, time.monotonic() - self._idle_at)

    @property
    def is_progressing(self) -> bool:
        """Whether no work has been pending without progress for longer than the timeout."""
        return self.stalled_seconds <= (self._patience if self._ready else STARTING_SECONDS)

    def _run(self) -> None:
        # Only this thread sets the deadline: a signal handler could interrupt itself in the middle.
        self._extend(BLOCKED_SECONDS)
        while not self._stopped.wait(self._every):
            with forking.without_forks():
                self._check()
                self._terminate_if_stalled()
            self._extend(BLOCKED_SECONDS)
        self._extend(STOPPING_SECONDS)

    def _terminate_if_stalled(self) -> None:
        if (not self.is_progressing or self._stuck()) and not self._stopped.is_set():
            self._terminate()

    def _check(self) -> None:
        idle = not self._has_work()
        if time.monotonic() - self._beat_at >= BEAT_SECONDS:
            self._beat()
        now = time.monotonic()
        if idle or self._database_unavailable or now - self._checked_at > LATE_SECONDS:
            self._idle_at = now
        self._checked_at = now

    def _has_work(self) -> bool:
        try:
            return self._waits()
        except RedisUnavailable:
            return False

    def _beat(self) -> None:
        was_unavailable = self._database_unavailable
        try:
            self._heartbeat.beat(self.stalled_seconds)
            self._database_unavailable = False
        except SQLAlchemyError as error:
            self._database_unavailable = True
            if not was_unavailable:
                next_step = "none while PostgreSQL is unavailable; otherwise run `akako migrate`"
                log.warning("heartbeat.missed", next_step=next_step, **logs.fault(error))
        self._beat_at = time.monotonic()

    def _terminate(self) -> None:
        log.critical(
            f"{self._part}.stalled",
            stalled_seconds=round(self.stalled_seconds, 1),
            exit_code=STALLED,
            next_step="none: its supervisor restarts it; if this happens often, check Redis",
        )
        self._end()
