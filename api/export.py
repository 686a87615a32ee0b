"""Audit lines as CSV and JSON lines."""

import csv as csv_module
import io
import json
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

from api.responses import AuditLine

# Spreadsheets also accept the typographic minus sign. NFKC maps full-width forms to these characters.
_FORMULA = frozenset("=+-@\N{MINUS SIGN}")


def jsonl(lines: Iterable[AuditLine]) -> Iterator[str]:
    """One JSON object per line."""
    return (f"{line.model_dump_json()}\n" for line in lines)


def csv(lines: Iterable[AuditLine]) -> Iterator[str]:
    """RFC 4180 with a header line. Cells that a spreadsheet would read as a formula are prefixed with an apostrophe."""
    yield _row(AuditLine.model_fields)
    for line in lines:
        yield _row(map(_cell, line.model_dump(mode="json").values()))


def _row(cells: Iterable[str]) -> str:
    text = io.StringIO()
    csv_module.writer(text).writerow(cells)
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str | int) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if _looks_like_a_formula(str(text)) else str(text)


def _looks_like_a_formula(text: str) -> bool:
    """Whether a spreadsheet could read the text as a formula, possibly after trimming invisible characters."""
    if not text:
        return False
    # Separators (Z) and other invisible characters (C), such as a newline, a space or a zero-width space.
    return unicodedata.category(text[0])[0] in "CZ" or unicodedata.normalize("NFKC", text[0])[0] in _FORMULA
