"""Ends a process that lives and does nothing, so that whoever supervises it starts it again."""

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
"""The exit code of a process that ended itself because it did not move (EX_TEMPFAIL: come again)."""
PATIENCE_SECONDS = 10.0
"""How long work may wait without any movement; docs/explanation/healing.md adds it up."""
STARTING_SECONDS = 30.0
"""The same, until the process said that it is ready: a busy machine takes long to start one."""
LOOK_SECONDS = 1.0
LATE_SECONDS = 4.0
"""A look that comes so late saw nothing of what was between: the machine was busy, or what it asks was silent."""
BEAT_SECONDS = 5.0


class Watchdog:
    """One thread of a process's own that looks whether it moves while there is something to do.

    `waits` says whether there is, and raises Away if that cannot be found out. `stuck` says whether something is held
    for longer than can be, whatever else moves. What is away, Redis or PostgreSQL, is never a reason to end: it comes
    back, and then the patience begins anew. Whatever else goes wrong here ends the process: nobody
    else would end it if it stalled.
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
        patience: float = PATIENCE_SECONDS,
        every: float = LOOK_SECONDS,
    ) -> None:
        self._part = part
        self._progress = progress
        self._heartbeat = heartbeat
        self._waits = waits
        self._stuck = stuck
        self._end = end
        self._patience = patience
        self._every = every
        self._stopped = threading.Event()
        self._thread = thread.essential("watch", self._run)
        self._ready = False
        self._calm_at = self._looked_at = time.monotonic()
        self._beat_at = self._looked_at - BEAT_SECONDS
        self._database_away = False

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def ready(self, **_: object) -> None:
        """From now on the process is able to move."""
        self._calm_at = time.monotonic()
        self._ready = True

    def stop(self, **_: object) -> None:
        """Look no more: the process is ending anyway."""
        self._stopped.set()

    def join(self, seconds: float) -> None:
        """Wait until the last look is over, at most so long."""
        self._thread.join(seconds)

    @property
    def stalled_seconds(self) -> float:
        """How long work has waited without any movement; nothing, while none waits."""
        return min(self._progress.stalled_seconds, time.monotonic() - self._calm_at)

    @property
    def is_progressing(self) -> bool:
        """Whether work has waited no longer without any movement than it may."""
        return self.stalled_seconds <= (self._patience if self._ready else STARTING_SECONDS)

    def _run(self) -> None:
        while not self._stopped.wait(self._every):
            with forking.without_forks():
                self._look()
                self._judge()

    def _judge(self) -> None:
        if (not self.is_progressing or self._stuck()) and not self._stopped.is_set():
            self._give_up()

    def _look(self) -> None:
        nothing_waits = not self._has_work()
        if time.monotonic() - self._beat_at >= BEAT_SECONDS:
            self._beat()
        now = time.monotonic()
        if nothing_waits or self._database_away or now - self._looked_at > LATE_SECONDS:
            self._calm_at = now
        self._looked_at = now

    def _has_work(self) -> bool:
        try:
            return self._waits()
        except RedisUnavailable:
            return False

    def _beat(self) -> None:
        was_away = self._database_away
        try:
            self._heartbeat.beat(self.stalled_seconds)
            self._database_away = False
        except SQLAlchemyError as error:
            self._database_away = True
            if not was_away:
                log.warning(
                    "heartbeat.missed", next_step="nothing while PostgreSQL is away; else migrate", **logs.fault(error)
                )
        self._beat_at = time.monotonic()

    def _give_up(self) -> None:
        log.critical(
            f"{self._part}.stalled",
            still_seconds=round(self.stalled_seconds, 1),
            exit_code=STALLED,
            next_step="nothing: its supervisor starts it again; if this comes often, look at Redis",
        )
        self._end()
