"""Many senders at the same time."""

import threading
from collections.abc import Callable, Sequence

CONNECTIONS = 32


def at_once(works: Sequence[Callable[[], None]]) -> None:
    """All at the same time, until each has ended."""
    threads = [threading.Thread(target=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def shares(times: int) -> list[int]:
    """How many of so many fall to each of the connections."""
    return [times // CONNECTIONS + (number < times % CONNECTIONS) for number in range(CONNECTIONS)]
