"""JSON parser for bodies that contain user-controlled fields.

The user's browser can write `unsafe_metadata`. Nesting of a few thousand levels, or a number of thousands of digits,
makes Python's parser reject the whole body, and with it, for example, the ban that the same body announces.
"""

import json
import re
from typing import Any

import orjson

DEEPEST_READ = 32
LONGEST_INTEGER = 300

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
