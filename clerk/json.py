"""Reads JSON as Clerk's users can shape it: nothing they put into a field that we do not read may hide one we do.

A user's browser writes `unsafe_metadata`. Nested a few thousand deep, or holding an endless number, it would make
Python's parser give up on the whole body, and with it on the ban that the same body announces.
"""

import json
import re
from typing import Any

import orjson

DEEPEST_READ = 32
LONGEST_INTEGER = 300

# A string that never ends is one token too: sought again at each of its quotes, it would cost the square of its length.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)


def _number(digits: str) -> int | float:
    return int(digits) if len(digits) <= LONGEST_INTEGER else float("inf")


_patient = json.JSONDecoder(parse_int=_number)


def loads(body: bytes) -> Any:
    """The value of a JSON body; where it nests too deep for the parser, null from level `DEEPEST_READ` down.

    An integer of more than 64 bits may come as a float. Raises ValueError if the body is not JSON in UTF-8.
    """
    try:
        return orjson.loads(body)  # a third of the time, and stricter than what Clerk's users can write
    except orjson.JSONDecodeError:
        return _lenient(body.decode(), body)


def _lenient(text: str, body: bytes) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except (RecursionError, ValueError):  # too deep, or an integer of more digits than Python converts
        return _patient.decode(shallow(body).decode())


def shallow(body: bytes) -> bytes:
    """The same JSON with null in place of every container nested deeper than `DEEPEST_READ`; needs no stack."""
    kept: list[bytes] = []
    depth = start = 0
    for token in _TOKEN.finditer(body):
        first = body[token.start()]
        if first in b"[{":
            depth += 1
            if depth == DEEPEST_READ + 1:
                kept += body[start : token.start()], b"null"
        elif first in b"]}":
            if depth == DEEPEST_READ + 1:
                start = token.end()
            depth -= 1
    return b"".join([*kept, body[start:]])
