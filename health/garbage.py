"""How often the garbage collector runs: rarely while a process imports its modules, and then as its work needs it."""

import gc

STARTING_THRESHOLD = 200_000


def defer() -> None:
    """Run the collector rarely until `tune`: imports leave little garbage, and it takes a quarter of their time."""
    gc.set_threshold(STARTING_THRESHOLD, 20, 50)


def tune() -> None:
    """Keep what was imported out of the collector's way: looked at again and again, it costs a tenth of all work."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
