"""Repeats a statement that changes a limited number of rows, each time in a transaction of its own."""

import time
from collections.abc import Callable

from sqlalchemy import Connection, Engine


def repeat(engine: Engine, change: Callable[[Connection], int], batch: int, longest_seconds: float) -> int:
    """Call `change` until it changes fewer than `batch` rows or the time is over; returns how many rows it changed.

    Checked between two transactions, so that none is rolled back; the next run continues.
    """
    deadline, total = time.monotonic() + longest_seconds, 0
    while time.monotonic() < deadline:
        with engine.begin() as connection:
            changed = change(connection)
        total += changed
        if changed < batch:
            break
    return total
