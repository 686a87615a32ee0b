"""Imports users from Clerk at their first login, with at most one request to Clerk per user at a time."""

import threading
import time
from collections import OrderedDict
from concurrent.futures import Future

import structlog
from sqlalchemy import Engine

from akako_guard.database import callers
from akako_guard.role import Role
from api.user_locks import UserLocks
from clerk.backend import Backend, UserNotFound
from sync.apply import apply_snapshot

log = structlog.get_logger()

ABSENT_SECONDS = 2.0
"""How long the result "not found at Clerk" is cached. It is short, because a new user may not have reached the replica
at Clerk that answered. A webhook can add the user in the meantime: our own tables are read first."""
MOST_ABSENT = 1_000


class FirstLogins:
    """Single-flight fetch of unknown users: concurrent callers for one user share one request to Clerk."""

    def __init__(self, engine: Engine, user_locks: UserLocks, backend: Backend, default_role: Role) -> None:
        self._engine = engine
        self._user_locks = user_locks
        self._backend = backend
        self._default_role = default_role
        self._lock = threading.Lock()
        self._flights: dict[str, Future[None]] = {}
        self._absent: OrderedDict[str, float] = OrderedDict()

    def fetch(self, clerk_id: str, request_id: str) -> None:
        """Fetch the user from Clerk and store it; do nothing if Clerk does not have the user.

        Raises ClerkUnavailable, Busy, or a database error. Callers that waited for the same request get the same
        exception.
        """
        with self._lock:
            if self._is_absent(clerk_id):
                return
            flight = self._flights.get(clerk_id)
            if is_leader := flight is None:
                flight = self._flights[clerk_id] = Future()
        if is_leader:
            self._run(flight, clerk_id, request_id)
        flight.result()

    def close(self) -> None:
        """Close the connections to Clerk."""
        self._backend.close()

    def _run(self, flight: "Future[None]", clerk_id: str, request_id: str) -> None:
        try:
            self._import(clerk_id, request_id)
        except BaseException as error:
            self._remove(clerk_id)
            flight.set_exception(error)
        else:
            self._remove(clerk_id)
            flight.set_result(None)

    def _remove(self, clerk_id: str) -> None:
        with self._lock:
            del self._flights[clerk_id]

    def _import(self, clerk_id: str, request_id: str) -> None:
        # Another request may have stored the user since this one checked.
        with self._engine.begin() as connection:
            if callers.find(connection, [clerk_id]):
                return
        user = self._backend.user(clerk_id)
        if isinstance(user, UserNotFound):
            log.info("user.not_found_at_clerk", clerk_id=clerk_id)
            self._remember_absent(clerk_id)
            return
        with self._user_locks.take(clerk_id):
            apply_snapshot(self._engine, user, request_id, self._default_role)

    def _remember_absent(self, clerk_id: str) -> None:
        with self._lock:
            self._absent[clerk_id] = time.monotonic()
            self._absent.move_to_end(clerk_id)
            if len(self._absent) > MOST_ABSENT:
                self._absent.popitem(last=False)

    def _is_absent(self, clerk_id: str) -> bool:
        cached_at = self._absent.get(clerk_id)
        return cached_at is not None and time.monotonic() - cached_at < ABSENT_SECONDS
