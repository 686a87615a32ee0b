"""No host's clock decides anything: what is held now is said by the database alone."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = (
    "config",
    "clerk",
    "keycloak",
    "db",
    "health",
    "serving",
    "sync",
    "roles",
    "reconcile",
    "webhooks",
    "worker",
    "api",
    "dev",
    "cli",
    "sdk/python/akako_guard",
)
ALLOWED = {
    # Signed times are compared with the host's clock, before any database is asked.
    "clerk/signature.py",
    "sdk/python/akako_guard/tokens.py",
    # A deadline inside a token, for menus: nothing is decided by it.
    "sdk/python/akako_guard/session.py",
    # These play Clerk for development and the demonstration: they sign and send, and decide nothing.
    "dev/delivery.py",
    "cli/demo.py",
    "dev/clerk_instance.py",
    "sdk/python/akako_guard/testing.py",
    "dev/sample_events.py",
    # The age of a one-time link is that of a file on this host.
    "dev/one_time_links.py",
}
PLAY_CLERK = ("dev/clerk/", "dev/conformance/")
"""Directories that sign and send as Clerk does, and decide nothing."""
CLOCKS = {
    "time": {"time", "time_ns", "clock_gettime", "clock_gettime_ns", "gmtime", "localtime", "ctime", "asctime"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
}


def readings(source: str) -> Iterator[int]:
    """The lines that read a host's clock; `time.monotonic` measures how long something takes, and is none."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(value=ast.Name(id=owner) | ast.Attribute(attr=owner), attr=name):
                if name in CLOCKS.get(owner, ()):
                    yield node.lineno
            case ast.ImportFrom(module="time", names=names) if {each.name for each in names} & CLOCKS["time"]:
                yield node.lineno
            case ast.Import(names=names) | ast.ImportFrom(module="datetime", names=names):
                renamed = [each.name for each in names if each.asname and each.name in ("time", "datetime", "date")]
                if renamed:
                    yield node.lineno


def test_host_clocks_are_read_only_where_that_is_allowed() -> None:
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    found = {path.relative_to(ROOT).as_posix() for path in files if any(readings(path.read_text()))}

    assert {path for path in found if not path.startswith(PLAY_CLERK)} == ALLOWED


@pytest.mark.parametrize(
    "source",
    [
        "time.time()",
        "time.time_ns()",
        "datetime.now(UTC)",
        "datetime.datetime.utcnow()",
        "date.today()",
        "datetime.date.today()",
        "from time import time",
        "from time import time as clock",
        "import time as clock",
        "from datetime import datetime as moment",
        "field(default_factory=time.time)",
        "given or datetime.now",
    ],
)
def test_every_way_to_read_a_hosts_clock_is_seen(source: str) -> None:
    assert list(readings(source)) == [1]


@pytest.mark.parametrize(
    "source", ["time.monotonic()", "user.now", "clock.now(connection)", "import time", "time.sleep(1)"]
)
def test_what_reads_none_is_left_alone(source: str) -> None:
    assert list(readings(source)) == []
