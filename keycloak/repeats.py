"""Finds texts that occur more than once among millions, in eight bytes for each."""

from array import array
from itertools import pairwise

_BUCKETS = 256


class Repeats:
    """The texts that were added, as hashes.

    Of a million texts, two have the same 64-bit hash by chance in one of 37 million cases. Hashes differ between
    processes.
    """

    def __init__(self) -> None:
        self._buckets = [array("q") for _ in range(_BUCKETS)]

    def add(self, text: str) -> None:
        """Add a text."""
        value = hash(text)
        self._buckets[value % _BUCKETS].append(value)

    def found(self) -> frozenset[int]:
        """The hashes of the texts that were added more than once."""
        return frozenset(one for bucket in self._buckets for one, other in pairwise(sorted(bucket)) if one == other)


def hashed(text: str) -> int:
    """The hash of a text in this process."""
    return hash(text)
