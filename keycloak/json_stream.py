"""Reads the values of a large JSON document one by one, in memory that does not grow with the document."""

from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple

from keycloak.json_scanner import CHUNK, Read, Scanner
from keycloak.refusal import NotAnExport


class Member(NamedTuple):
    """A member of a realm; of a streamed one, a single element of its array."""

    realm: int
    """Which realm of the document, from 0."""
    key: str
    value: Any


def members(
    read: Read, streamed: Collection[str], wanted: Callable[[str], bool] = lambda _: True, chunk: int = CHUNK
) -> Iterator[Member]:
    """The members of an object, or of each object of an array, in order; repeated keys too.

    The arrays of `streamed` keys are yielded element by element; null counts as an empty array. Other members that are
    not wanted are passed over without parsing. Raises Malformed, Truncated, ValueTooLarge or NotAnExport.
    """
    scanner = Scanner(read, chunk)
    if scanner.accepts(b"["):
        for number, _ in enumerate(scanner.elements()):
            yield from _object(scanner, number, streamed, wanted)
    else:
        yield from _object(scanner, 0, streamed, wanted)
    scanner.end()


def values(read: Read, chunk: int = CHUNK) -> Iterator[Any]:
    """The elements of an array, or values one after the other as in JSON Lines. Raises like `members`."""
    scanner = Scanner(read, chunk)
    if scanner.accepts(b"["):
        for _ in scanner.elements():
            yield scanner.value()
        scanner.end()
        return
    while scanner.peek(or_end=True):
        yield scanner.value()


def _object(
    scanner: Scanner, number: int, streamed: Collection[str], wanted: Callable[[str], bool]
) -> Iterator[Member]:
    if not scanner.accepts(b"{"):
        raise NotAnExport
    for key in scanner.members():
        if key not in streamed:
            if wanted(key):
                yield Member(number, key, scanner.value())
            else:
                scanner.skip()
        elif scanner.accepts(b"["):
            for _ in scanner.elements():
                yield Member(number, key, scanner.element())
        elif scanner.value() is not None:
            raise NotAnExport(f"{key} is not a list.")
