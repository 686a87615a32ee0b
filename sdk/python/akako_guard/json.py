"""Parses JSON from the network: headers of tokens, and key sets."""

import json
from typing import Any


def loads(body: bytes) -> Any:
    """Parse JSON in UTF-8. Raises ValueError for anything else, also for JSON that nests too deep for the parser."""
    try:
        return json.loads(body.decode())
    except RecursionError:
        raise ValueError("the JSON nests too deep") from None
