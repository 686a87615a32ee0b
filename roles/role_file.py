"""Reads roles from a file: CSV with a header, or JSON lines. Pure."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from akako_guard.role import Role
from roles import authorship, times

COLUMNS = ("who", "role", "from", "until", "by", "why")
REQUIRED = frozenset({"who", "role"})
LONGEST_LINE = 65_536
"""Characters."""

Value = TypeVar("Value")


class Format(StrEnum):
    """How the file is written."""

    CSV = "csv"
    JSON_LINES = "jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleLine:
    """A role that a user held, holds or will hold, as a line of the file states it."""

    number: int
    """Line of the file, counted from 1."""
    who: str
    role: Role
    start: datetime | None = None
    """None: from the import on."""
    end: datetime | None = None
    """None: open."""
    by: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class InvalidLine:
    """A line that cannot be read."""

    number: int
    reason: str


class InvalidFile(Exception):
    """The file as a whole cannot be read; the message says why."""


def read(lines: Iterable[str], form: Format) -> Iterator[RoleLine | InvalidLine]:
    """The lines of a file, as text with line ends. Raises InvalidFile if its header or its format is wrong."""
    return _read_csv(lines) if form is Format.CSV else _read_json(lines)


def _read_csv(lines: Iterable[str]) -> Iterator[RoleLine | InvalidLine]:
    reader = csv.reader(_bounded(lines), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        _check_header(header)
        for values in reader:
            if len(values) == len(header):
                yield _line(reader.line_num, dict(zip(header, values, strict=True)))
            elif values:
                yield InvalidLine(reader.line_num, f"it has {len(values)} values, and the header has {len(header)}")
    except csv.Error as error:
        raise InvalidFile(f"line {reader.line_num} is not CSV: {error}") from error


def _check_header(header: list[str]) -> None:
    if len(set(header)) != len(header) or not REQUIRED <= set(header) <= set(COLUMNS):
        raise InvalidFile(
            f"the first line has to name the columns, `who` and `role` and any of {', '.join(COLUMNS[2:])}, each once;"
            f" it is {','.join(header)[:200] or 'empty'}"
        )


def _read_json(lines: Iterable[str]) -> Iterator[RoleLine | InvalidLine]:
    for number, text in enumerate(_bounded(lines), 1):
        if not text.strip():
            continue
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError):
            yield InvalidLine(number, "it is not JSON")
            continue
        if not isinstance(fields, dict):
            yield InvalidLine(number, "it is not a JSON object")
        elif unknown := sorted(set(fields) - set(COLUMNS)):
            yield InvalidLine(number, f"it has the unknown fields {', '.join(unknown)[:200]}")
        elif any(not isinstance(value, str) for value in fields.values() if value is not None):
            yield InvalidLine(number, "all values have to be texts or null")
        else:
            yield _line(number, {name: value or "" for name, value in fields.items()})


def _bounded(lines: Iterable[str]) -> Iterator[str]:
    for number, text in enumerate(lines, 1):
        if len(text) > LONGEST_LINE:
            raise InvalidFile(f"line {number} has more than {LONGEST_LINE:,} characters")
        if "\0" in text:
            raise InvalidFile(f"line {number} has a NUL character: the file is not text in UTF-8")
        yield text


def _line(number: int, fields: dict[str, Any]) -> RoleLine | InvalidLine:
    """The line with these texts; the first field that is wrong is named."""
    try:
        start, end = (_field(fields, name, times.read) for name in ("from", "until"))
        if start and end and start >= end:
            return InvalidLine(number, "`until` has to be after `from`")
        return RoleLine(
            number=number,
            who=_field(fields, "who", str, required=True) or "",
            role=_field(fields, "role", _role, required=True) or Role.LEARNER,
            start=start,
            end=end,
            by=_field(fields, "by", authorship.operator) or "",
            why=_field(fields, "why", authorship.reason) or "",
        )
    except ValueError as error:
        return InvalidLine(number, str(error))


def _field(fields: dict[str, Any], name: str, parse: Callable[[str], Value], *, required: bool = False) -> Value | None:
    """The parsed value; None if it is empty. Raises ValueError that names the field."""
    text = fields.get(name, "").strip()
    if not text and not required:
        return None
    if not text:
        raise ValueError(f"`{name}` is empty")
    try:
        return parse(text)
    except ValueError as error:
        raise ValueError(f"`{name}`: {error}") from None


def _role(text: str) -> Role:
    try:
        return Role(text.upper())
    except ValueError:
        raise ValueError(f"give one of {', '.join(Role)}, not {text[:50]!r}") from None
