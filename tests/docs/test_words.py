"""Refuses words that were replaced by a standard term, so that each thing has one name that can be searched for."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SUFFIXES = frozenset({".py", ".md", ".yml", ".yaml", ".toml", ".json", ".sql", ".ts", ".tsx", ".mjs", ".prisma"})
EXEMPT = (
    "tests/docs/test_words.py",
    "tests/db/installation_0011.sql",
    "db/migrations/versions",
    "docs/decisions",
    "bench/results",
    "bench/peers/node",
    "dev/samples",
)
"""This list itself; migrations, decisions and a dump of an old version, which stay as they were; data."""
RETIRED = {
    r"anybody": "any caller, any client",
    r"nobody": "no user, no caller, no process",
    r"somebody": "a user, a caller, another transaction",
    r"whoever": "the caller, a client that",
    r"whomever|whom": "the user that",
    r"so many": "the number",
    r"of ours": "our, Akako Sync's",
    r"strangers?": "untrusted client, unknown sender",
    r"newcomers?": "new user, new connection",
    r"nudge[drs]?|nudging": "enqueue",
    r"kept (?:events?|deliver(?:y|ies)|bod(?:y|ies))": "stored event",
    r"not kept": "not stored",
    r"(?:is|are|was|were|while|if|be) away": "unavailable",
    r"the calendars?|a calendar": "scheduler, beat",
    r"veil(?:s|ed)?": "redact",
    r"vigil": "liveness",
    r"shelf": "cache",
    r"census": "statistics",
    r"portraits?": "row image",
    r"desk": "API",
    r"doors?": "receiver, endpoint",
    r"riddles?": "the plain statement",
    r"errands?": "messages",
    r"culprits?": "failing event",
    r"beside the road": "in the background",
    r"chapters?": "step",
    r"pulse": "progress",
    r"the watch": "watchdog",
    r"time-outs?": "timeout",
    r"speaks": "uses, sends, terminates",
}
"""Patterns, each with what to write instead."""


ANY = re.compile(rf"(?<![a-z])(?:{'|'.join(RETIRED)})(?![a-z])", re.IGNORECASE)


def words(text: str) -> Iterator[tuple[int, str, str]]:
    """Line number, retired word and replacement of each finding."""
    if not ANY.search(text):
        return
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, replacement in RETIRED.items():
            for found in re.finditer(rf"(?<![a-z])(?:{pattern})(?![a-z])", line, re.IGNORECASE):
                yield number, found.group(), replacement


def checked(path: Path) -> str:
    """The text of a file; of a page without inline code and link targets, where names of earlier versions may stand."""
    text = path.read_text()
    return re.sub(r"`[^`\n]*`|(?<=\])\([^)\n]*\)", "``", text) if path.suffix == ".md" else text


def files(place: Path) -> list[Path]:
    """The files of a place that are checked."""
    found = [place] if place.is_file() else _walk(place)
    return sorted(path for path in found if path.suffix in SUFFIXES and not _is_exempt(path.relative_to(ROOT)))


def _walk(place: Path) -> Iterator[Path]:
    """The files below a directory, without what is installed or built there."""
    for directory, names, files_ in os.walk(place):
        names[:] = [name for name in names if name not in ("node_modules", "dist")]
        yield from (Path(directory, name) for name in files_)


def _is_exempt(path: Path) -> bool:
    return path.as_posix().startswith(EXEMPT)


PLACES = [place for place in sorted(ROOT.iterdir()) if not place.name.startswith(".") and files(place)]


@pytest.mark.parametrize("place", PLACES, ids=[place.name for place in PLACES])
def test_no_retired_word_is_used(place: Path) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {word!r}: use {replacement}"
        for path in files(place)
        for number, word, replacement in words(checked(path))
    ]

    assert found == []


def test_all_packages_are_checked() -> None:
    assert {"README.md", "api", "cli", "db", "dev", "docs", "sdk", "sync", "tests", "webhooks", "worker"} <= {
        place.name for place in PLACES
    }


def test_retired_words_are_found_in_text_and_in_names() -> None:
    found = [word for _, word, _ in words("Nobody is nudged.\nkept_events = doors\nthe indoor calendar")]

    assert found == ["Nobody", "nudged", "doors"]
