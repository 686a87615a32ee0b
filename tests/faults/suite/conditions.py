"""What all rows of the table have in common."""

from collections.abc import Callable
from typing import Protocol

from tests.faults.suite.verdict import Verdict

Say = Callable[[str], None]


class Condition(Protocol):
    """Something that can be tried so many times, and judged."""

    @property
    def name(self) -> str:
        """The row's first column."""

    @property
    def times(self) -> int:
        """How often in the whole suite."""

    @property
    def short(self) -> int:
        """How often in the short one; 0: not there."""

    def run(self, times: int, say: Say) -> Verdict:
        """Try it, on servers of its own."""
