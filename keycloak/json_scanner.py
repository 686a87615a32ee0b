"""A position in a JSON document that is read in chunks, in memory that does not grow with the document.

Values are delimited bracket by bracket, and parsed by orjson. For the objects of a long array there is a faster way:
what stood between two of them probably ends the next one, too, and orjson says whether it does, since no object in
JSON begins with another, shorter object.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from keycloak.refusal import Malformed, Truncated, ValueTooLarge

Read = Callable[[int], bytes]
"""Returns up to this number of bytes; none at the end of the document."""

CHUNK = 1 << 18
LARGEST = 1 << 28
"""Bytes of one value."""
TRIES = 4
"""Places at which the end of an object is looked for before its brackets are counted."""
BOM = b"\xef\xbb\xbf"

_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+(?P<closed>"?)|(?P<open>[{\[])|[}\]]', re.DOTALL)
_SCALAR = re.compile(rb'[^\s,:{}\[\]"]++')
_SPACE = re.compile(rb"[ \t\r\n]*+")
_BETWEEN = re.compile(rb'\}\s*+,\s*+\{\s*+"[^"\\]*+"')


class Scanner:
    """A position in a JSON document that is read in chunks."""

    def __init__(self, read: Read, chunk: int = CHUNK) -> None:
        self._read, self._chunk = read, chunk
        self._buffer, self._position = b"", 0
        self._passed = 0
        self._between = b""
        while len(self._buffer) < len(BOM) and self._fill():
            pass
        if self._buffer.startswith(BOM):
            self._position = len(BOM)

    def peek(self, *, or_end: bool = False) -> bytes:
        """The next byte that is not white space; with `or_end`, nothing at the end of the document."""
        while True:
            found = _SPACE.match(self._buffer, self._position)
            if found:
                self._position = found.end()
            if self._position < len(self._buffer):
                return self._buffer[self._position : self._position + 1]
            if not self._fill():
                if or_end:
                    return b""
                raise Truncated(self._place())

    def accepts(self, byte: bytes) -> bool:
        """Pass over this byte, if it is the next one that is not white space."""
        accepted = self.peek() == byte
        self._position += accepted
        return accepted

    def elements(self) -> Iterator[None]:
        """Stop before each element of an array whose bracket was passed; the caller passes over the element."""
        if self.accepts(b"]"):
            return
        while True:
            yield
            if self._punctuation(b",]") == b"]":
                return

    def members(self) -> Iterator[str]:
        """Stop at each value of an object whose bracket was passed, and yield its key."""
        if self.accepts(b"}"):
            return
        while True:
            if self.peek() != b'"':
                raise Malformed(self._place())
            key: str = self.value()
            self._punctuation(b":")
            yield key
            if self._punctuation(b",}") == b"}":
                return

    def value(self) -> Any:
        """Parse the next value and pass over it."""
        stop = self._stop()
        raw = memoryview(self._buffer)[self._position : stop]
        try:
            value = orjson.loads(raw)
        except orjson.JSONDecodeError:
            value = self._lenient(raw)
        self._position = stop
        return value

    def element(self) -> Any:
        """Like `value`, faster for an object that ends as the one before."""
        self.peek()
        start, stop = self._position, self._position
        for _ in range(TRIES if self._between else 0):
            stop = self._buffer.find(self._between, stop) + 1
            if not stop:
                break
            try:
                value = orjson.loads(memoryview(self._buffer)[start:stop])
            except orjson.JSONDecodeError:
                continue
            self._position = stop
            return value
        value = self.value()
        found = _BETWEEN.match(self._buffer, self._position - 1) if self._position else None
        self._between = found.group() if found else self._between
        return value

    def skip(self) -> None:
        """Pass over the next value without parsing it."""
        self._position = self._stop()

    def end(self) -> None:
        """Raise Malformed unless nothing but white space follows."""
        if self.peek(or_end=True):
            raise Malformed(self._place())

    def _lenient(self, raw: memoryview) -> Any:
        """Python's parser also accepts lone surrogates, which appear in names, and NaN."""
        try:
            return json.loads(bytes(raw).decode())
        except (ValueError, RecursionError):
            # Without `from`: the parser's error contains the document, and with it digests.
            raise Malformed(self._place()) from None

    def _punctuation(self, allowed: bytes) -> bytes:
        byte = self.peek()
        if byte not in allowed:
            raise Malformed(self._place())
        self._position += 1
        return byte

    def _stop(self) -> int:
        """Where the next value ends."""
        first = self.peek()
        if first not in b'{["':
            return self._stop_of_scalar()
        return self._stop_by_brackets()

    def _stop_of_scalar(self) -> int:
        while True:
            found = _SCALAR.match(self._buffer, self._position)
            if found is None:
                raise Malformed(self._place())
            # A number that ends with the chunk may continue in the next one.
            if found.end() < len(self._buffer):
                return found.end()
            if not self._fill():
                raise Truncated(self._place())

    def _stop_by_brackets(self) -> int:
        depth, scanned = 0, self._position
        while True:
            for token in _TOKEN.finditer(self._buffer, scanned):
                if token["open"]:
                    depth += 1
                elif token["closed"] is None:
                    depth -= 1
                elif not token["closed"]:
                    scanned = token.start()
                    break
                scanned = token.end()
                if not depth:
                    return scanned
            before = self._position
            if not self._fill():
                raise Truncated(self._place())
            scanned -= before

    def _fill(self) -> bool:
        """Drop what was passed over, and read at least as much as remains; False at the end of the document."""
        rest = len(self._buffer) - self._position
        if rest > LARGEST:
            raise ValueTooLarge(self._place())
        more = self._read(max(self._chunk, rest))
        self._passed += self._position
        self._buffer, self._position = self._buffer[self._position :] + more, 0
        return bool(more)

    def _place(self) -> str:
        return f"(Byte {self._passed + self._position:,}.)"
