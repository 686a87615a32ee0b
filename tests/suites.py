"""Sorts tests into suites by marker, and checks that those of `make test-fast` start no process.

`servers` and `properties` are added here to the tests that use PostgreSQL or Redis and to those that hypothesis
generates examples for. The other markers are written in the test files.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

STARTS = frozenset({"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn"})
"""The audit events of a process that starts another one."""
NOT_FAST = ("servers", "processes", "recovery", "faults", "bench")
"""The markers of tests that `make test-fast` leaves out."""
UNMARKED = "A test that starts a process and uses no server needs the marker: pytestmark = pytest.mark.processes"
TOO_MANY = """
{count} processes were started, and this suite may start {most}. Most of the time that tests take goes into starting
processes. Share a running one between tests (docs/how-to/run-the-tests.md), or move the test to a suite of its own.
"""


class Starts:
    """Counts the processes that the tests of this process start, and refuses those of unmarked tests."""

    def __init__(self) -> None:
        self.count = 0
        self._refusing = False

    def hear(self, event: str, _: Sequence[Any]) -> None:
        """Receive an audit event of the interpreter."""
        if event in STARTS:
            self.count += 1
            if self._refusing:
                raise RuntimeError(UNMARKED)

    @contextmanager
    def refused(self, refusing: bool) -> Iterator[None]:
        """Refuse, or allow, starting processes inside the block."""
        before, self._refusing = self._refusing, refusing
        try:
            yield
        finally:
            self._refusing = before


STARTED = Starts()
sys.addaudithook(STARTED.hear)
_started_by_others: list[int] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that bounds the number of processes."""
    parser.addoption("--most-processes", type=int, help="Fail if the tests start more processes than this.")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Add the markers that follow from what a test uses, before `-m` selects by them; put fast tests first.

    Some of the fast ones sign deliveries when they are collected, and those are refused ten minutes later.
    """
    for item in items:
        if "servers" in getattr(item, "fixturenames", ()):
            item.add_marker("servers")
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker("properties")
    items.sort(key=lambda item: not _is_fast(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Run a test, and refuse to start processes if it belongs to `make test-fast`."""
    with STARTED.refused(_is_fast(item)):
        return (yield)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Report the count to the process that distributes the tests, or judge it."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["processes"] = STARTED.count
    elif _too_many(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add what a test process of xdist counted."""
    _started_by_others.append(getattr(node, "workeroutput", {}).get("processes", 0))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print how many processes were started."""
    terminalreporter.write_line(f"{_count(config)} processes were started")
    if _too_many(config):
        terminalreporter.write_line(TOO_MANY.format(count=_count(config), most=config.option.most_processes), red=True)


def _is_fast(item: pytest.Item) -> bool:
    return not any(item.get_closest_marker(name) for name in NOT_FAST)


def _count(config: pytest.Config) -> int:
    return sum(_started_by_others) if config.getoption("numprocesses", None) else STARTED.count


def _too_many(config: pytest.Config) -> bool:
    most = config.option.most_processes
    return most is not None and _count(config) > most
