"""Records refused requests in the audit trail: a user called an operation without the required role."""

import time
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass

import structlog
from anyio import CapacityLimiter, to_thread
from sqlalchemy import Engine

from akako_guard.database import faults
from akako_guard.role import Role
from config import logs
from db import audit

log = structlog.get_logger()

QUIET_SECONDS = 60.0
"""Minimum time between two attempts to record one user. The database itself allows one line per user and hour."""
MOST_REMEMBERED = 10_000
MOST_WAITING = 100
"""How many records may wait for the one being written. Others are dropped, and recorded at the next refusal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRequest:
    """A request that got the response 403."""

    clerk_id: str
    actor: str
    """In the format of the audit trail: the Clerk id, or `IMPERSONATOR as CLERK_ID`."""
    operation: str
    needed: Collection[Role]
    request_id: str


class RefusalAudit:
    """Writes records one at a time, after the responses were sent. Never raises, and never delays a response."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._one_at_a_time = CapacityLimiter(1)
        self._noted: OrderedDict[str, float] = OrderedDict()

    async def note(self, refusal: RefusedRequest) -> None:
        """Record a refusal, unless the same user was recorded within `QUIET_SECONDS` or too many records wait."""
        if not self._is_due(refusal.clerk_id):
            return
        try:
            await to_thread.run_sync(self._write, refusal, limiter=self._one_at_a_time)
        except Exception as error:
            self._noted.pop(refusal.clerk_id, None)
            remedy = faults.remedy(error) or "no action needed: the next refusal of this user is recorded"
            log.warning("refusal_audit.failed", next_step=remedy, **logs.fault(error))

    def _is_due(self, clerk_id: str) -> bool:
        """Whether to write now. Called only on the event loop, so no lock is needed."""
        now = time.monotonic()
        if now - self._noted.get(clerk_id, -QUIET_SECONDS) < QUIET_SECONDS:
            return False
        if self._one_at_a_time.statistics().tasks_waiting >= MOST_WAITING:
            return False
        self._noted[clerk_id] = now
        self._noted.move_to_end(clerk_id)
        if len(self._noted) > MOST_REMEMBERED:
            self._noted.popitem(last=False)
        return True

    def _write(self, refusal: RefusedRequest) -> None:
        with self._engine.begin() as connection:
            audit.set_actor(connection, refusal.actor, cause=refusal.request_id)
            audit.note_refused(connection, refusal.clerk_id, refusal.needed, refusal.operation)
