"""How often the garbage collector looks, in a process that has started."""

import gc


def tune() -> None:
    """Keep what was imported out of the collector's way: looked at again and again, it costs a tenth of all work."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
