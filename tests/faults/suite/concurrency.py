"""Runs senders concurrently."""

import threading
from collections.abc import Callable, Sequence

CONNECTIONS = 32


def at_once(works: Sequence[Callable[[], None]]) -> None:
    """Run all concurrently, and wait until each has ended."""
    threads = [threading.Thread(target=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def shares(times: int) -> list[int]:
    """Distribute `times` among the connections."""
    return [times // CONNECTIONS + (number < times % CONNECTIONS) for number in range(CONNECTIONS)]
