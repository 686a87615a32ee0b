"""The interface of all rows of the table."""

from collections.abc import Callable
from typing import Protocol

from tests.faults.suite.verdict import Verdict

Say = Callable[[str], None]


class Condition(Protocol):
    """A condition that can be tried repeatedly and judged."""

    @property
    def name(self) -> str:
        """The row's first column."""

    @property
    def times(self) -> int:
        """Repetitions in the full suite."""

    @property
    def short(self) -> int:
        """Repetitions in the short suite; 0: not included."""

    def run(self, times: int, say: Say) -> Verdict:
        """Try it on its own servers."""
