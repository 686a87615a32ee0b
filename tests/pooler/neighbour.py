"""Another client of the same pool, which prepares statements and changes settings of its session."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg


def _disturb(url: str, stop: threading.Event) -> None:
    while not stop.is_set():
        with suppress(psycopg.Error), psycopg.connect(url, autocommit=True, prepare_threshold=0) as connection:
            connection.execute("set datestyle = 'SQL, DMY'")
            connection.execute("set timezone = 'Asia/Tokyo'")
            for number in range(50):
                # Uses psycopg's names for prepared statements: `_pg3_0` and so on.
                connection.execute(f"select {number} from unnest(%s::text[]) as items (item) where false", (["a"],))
                stop.wait(0.002)


@contextmanager
def neighbours(url: str, number: int = 3) -> Iterator[None]:
    """Run this number of other clients during the block."""
    stop = threading.Event()
    threads = [threading.Thread(target=_disturb, args=(url, stop), daemon=True) for _ in range(number)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
