"""One transaction, done again while others get in its way."""

import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeAlias, TypeVar

from sqlalchemy import Connection

from db import faults

Done = TypeVar("Done")

Begin: TypeAlias = Callable[[], AbstractContextManager[Connection]]
"""Begins a transaction that is kept if its block ends well: `engine.begin`, or a savepoint of one that is not kept."""

TRIES = 8


class Conflict(Exception):
    """Another transaction added a user, or a claim to an address, that this one had to know of. Do it again."""

    def __init__(self, email_keys: set[str]) -> None:
        super().__init__("raced")
        self.email_keys = email_keys


def retry(begin: Begin, work: Callable[[Connection, set[str]], Done]) -> Done:
    """One transaction, tried again while others get in its way; it is given the addresses that it has to know of."""
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
            time.sleep(random.uniform(0, 0.01 * attempt))  # noqa: S311 - only to come apart
    raise AssertionError("unreachable")
