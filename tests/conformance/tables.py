"""Looks into a receiver's tables while scenarios run, and tells Clerk's API what is delivered."""

import time
from typing import Any, LiteralString

import psycopg

from dev.conformance.observer import StoredUser
from dev.conformance.scenario import Step
from tests.conformance.clerk_api import ClerkApi

SETTLE_SECONDS = 10.0


class Tables:
    """An observer of one database. `find` selects the columns of StoredUser by Clerk id; `waits`, what is pending."""

    def __init__(self, url: str, find: LiteralString, waits: LiteralString | None, clerk_api: ClerkApi) -> None:
        self._url = url
        self._find = find
        self._waits = waits
        self._clerk_api = clerk_api

    def before(self, step: Step) -> None:
        """Let Clerk's API know the users of a step."""
        for data in (*step.known, *([step.sent] if step.sent else [])):
            self._clerk_api.learn(data)

    def settle(self) -> None:
        """Wait until nothing is pending, at most 10 seconds."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while self._waits and self._rows(self._waits) and time.monotonic() < deadline:
            time.sleep(0.01)

    def user(self, clerk_id: str) -> StoredUser | None:
        """The stored user, or None."""
        rows = self._rows(self._find, clerk_id)
        return StoredUser(*rows[0]) if rows else None

    def _rows(self, query: LiteralString, *parameters: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._url, autocommit=True) as connection:
            return connection.execute(query, parameters).fetchall()
