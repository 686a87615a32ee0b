"""Tunes the garbage collector: runs it rarely while a process imports its modules, and normally afterwards.

The parent of several receiver or API processes, which only supervises them and serves metrics, stays at the first.
"""

import gc

STARTING_THRESHOLD = 200_000


def defer() -> None:
    """Run the collector rarely until `tune`: imports leave little garbage, and it takes a quarter of their time."""
    gc.set_threshold(STARTING_THRESHOLD, 20, 50)


def tune() -> None:
    """Exclude imported objects from collection: scanning them again and again would cost a tenth of all work."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
