"""Runs a transaction, and retries it after conflicts with other transactions."""

import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeAlias, TypeVar

from sqlalchemy import Connection

from akako_guard.database import faults

Done = TypeVar("Done")

Begin: TypeAlias = Callable[[], AbstractContextManager[Connection]]
"""Begins a transaction that is committed if its block succeeds: `engine.begin`, or a savepoint of a preview."""

TRIES = 8


class Conflict(Exception):
    """Another transaction added a user, or a claim to an address, that this one depends on. Retry."""

    def __init__(self, email_keys: set[str]) -> None:
        super().__init__("raced")
        self.email_keys = email_keys


def retry(begin: Begin, work: Callable[[Connection, set[str]], Done]) -> Done:
    """Run `work` in a transaction, and retry after conflicts; `work` gets the e-mail keys that it must also lock."""
    email_keys: set[str] = set()
    for attempt in range(1, TRIES + 1):
        try:
            with begin() as connection:
                return work(connection, email_keys)
        except Exception as error:
            if isinstance(error, Conflict):
                email_keys |= error.email_keys
            elif not faults.is_conflict(error):
                raise
            if attempt == TRIES:
                raise
            time.sleep(random.uniform(0, 0.01 * attempt))  # noqa: S311 - jitter
    raise AssertionError("unreachable")
