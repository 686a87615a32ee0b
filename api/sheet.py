"""Lines of the trail as text for other programs, one after the other."""

import csv as commas
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from api.answers import Line

# What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def jsonl(lines: Iterable[Line]) -> Iterator[str]:
    """A JSON object a line."""
    return (f"{line.model_dump_json()}\n" for line in lines)


def csv(lines: Iterable[Line]) -> Iterator[str]:
    """RFC 4180 with a header line; a cell that a spreadsheet would take for a formula begins with an apostrophe."""
    yield _row(Line.model_fields)
    for line in lines:
        yield _row(map(_cell, line.model_dump(mode="json").values()))


def _row(cells: Iterable[str]) -> str:
    text = io.StringIO()
    commas.writer(text).writerow(cells)
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str | int) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if str(text).startswith(_FORMULA) else str(text)
