"""Two things at once: for every race that the code defends against."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection, Engine

Result = TypeVar("Result")
SECONDS = 30


def at_once(*works: Callable[[], Result]) -> list[Result]:
    """Begin all at the same moment, each in a thread of its own; what each gave, in the order given."""
    gate = threading.Barrier(len(works))

    def work(number: int) -> Result:
        gate.wait(SECONDS)
        return works[number]()

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(work, range(len(works)), timeout=SECONDS))


@contextmanager
def holding(engine: Engine, statement: str, parameters: Sequence[object] = ()) -> Iterator[Connection]:
    """Another transaction that has done this and is not finished; it is rolled back at the end."""
    with engine.connect() as connection:
        connection.exec_driver_sql(statement, tuple(parameters))
        yield connection
        connection.rollback()
