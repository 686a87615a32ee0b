"""How many examples hypothesis tries: few in `make test`, all in `make test-properties`."""

import os

QUICK_SHARE = 0.1
PROFILE = os.environ.get("AKAKO_EXAMPLES", "quick")
"""`quick` or `full`."""


def examples(full: int) -> int:
    """The number of examples to try where the full run tries `full`."""
    return full if PROFILE == "full" else max(1, round(full * QUICK_SHARE))
