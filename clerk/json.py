"""JSON parser for bodies that contain user-controlled fields.

The user's browser can write `unsafe_metadata`. Nesting of a few thousand levels, or a number of thousands of digits,
makes Python's parser reject the whole body, and with it, for example, the ban that the same body announces.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import orjson

DEEPEST_READ = 32
LONGEST_INTEGER = 300
MOST_TRIES = 20
"""Places at which `entries` looks for the end of one entry, so that entries of many objects take no quadratic time."""

# An unterminated string is one token too: rescanning it from each of its quotes would take quadratic time.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)


def _number(digits: str) -> int | float:
    return int(digits) if len(digits) <= LONGEST_INTEGER else float("inf")


_decoder = json.JSONDecoder(parse_int=_number)


def loads(body: bytes) -> Any:
    """Parse a JSON body. If it nests too deep for the parser, containers below level `DEEPEST_READ` become null.

    An integer of more than 64 bits may become a float. Raises ValueError if the body is not JSON in UTF-8.
    """
    try:
        return orjson.loads(body)  # three times as fast as `json`, but rejects some bodies that users can cause
    except orjson.JSONDecodeError:
        return _lenient(body.decode(), body)


def entries(body: bytes) -> Iterator[Any]:
    """The entries of a JSON array, parsed one after the other like `loads`.

    For an array of many large objects this takes half the time of parsing it at once: each object can be freed before
    the next, so that all use the same memory, which stays in the processor's cache. Raises ValueError if the body is
    not a JSON array, possibly after some entries.
    """
    body = body.strip()
    if not body.startswith(b"[{") or not body.endswith(b"]"):
        yield from _array(body)
        return
    view, start, last = memoryview(body), 1, len(body) - 1
    while start < last:
        stop = start
        # The end of the entry is one of these places: no object in JSON begins with another, shorter object.
        for _ in range(MOST_TRIES):
            stop = body.find(b"},{", stop) + 1 or last
            try:
                entry = orjson.loads(view[start:stop])
            except orjson.JSONDecodeError:
                continue
            break
        else:
            yield from _array(b"[" + body[start:])
            return
        yield entry
        start = stop + 1


def _array(body: bytes) -> list[Any]:
    parsed = loads(body)
    if not isinstance(parsed, list):
        raise ValueError("not an array")
    return parsed


def _lenient(text: str, body: bytes) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except (RecursionError, ValueError):  # nested too deep, or an integer with more digits than Python converts
        return _decoder.decode(shallow(body).decode())


def shallow(body: bytes) -> bytes:
    """Replace every container nested deeper than `DEEPEST_READ` with null. Not recursive."""
    parts: list[bytes] = []
    depth = start = 0
    for token in _TOKEN.finditer(body):
        first = body[token.start()]
        if first in b"[{":
            depth += 1
            if depth == DEEPEST_READ + 1:
                parts += body[start : token.start()], b"null"
        elif first in b"]}":
            if depth == DEEPEST_READ + 1:
                start = token.end()
            depth -= 1
    return b"".join([*parts, body[start:]])
