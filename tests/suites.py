"""Sorts tests into suites by marker, and checks that those of `make test-fast` start no process.

`servers` and `properties` are added here to the tests that use PostgreSQL or Redis and to those that hypothesis
generates examples for. The other markers are written in the test files.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

STARTS = frozenset({"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn"})
"""The audit events of a process that starts another one."""
NOT_FAST = (
    "servers",
    "processes",
    "recovery",
    "clerk",
    "faults",
    "bench",
    "sdk",
    "node",
    "typescript",
    "browser",
    "image",
)
"""The markers of tests that `make test-fast` leaves out."""
UNMARKED = "A test that starts a process and uses no server needs the marker: pytestmark = pytest.mark.processes"
TOO_MANY = """
{count} {what}; this suite may have {most}. Most of the time that tests take goes into starting processes and making
databases. Share them between tests (docs/how-to/run-the-tests.md), or move the test to a suite of its own.
"""
PROCESSES, DATABASES = "processes were started", "databases were made"


class Starts:
    """Counts what the tests of this process start and make, and refuses processes of unmarked tests."""

    def __init__(self) -> None:
        self.count = Counter({PROCESSES: 0, DATABASES: 0})
        self._refusing = False

    def hear(self, event: str, _: Sequence[Any]) -> None:
        """Receive an audit event of the interpreter."""
        if event in STARTS:
            self.count[PROCESSES] += 1
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
_started_by_others: Counter[str] = Counter()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that bound the numbers of processes and databases."""
    parser.addoption("--most-processes", type=int, help="Fail if the tests start more processes than this.")
    parser.addoption("--most-databases", type=int, help="Fail if the tests make more databases than this.")


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
    """Report the counts to the process that distributes the tests, or judge them."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["counts"] = dict(STARTED.count)
    elif _too_many(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add what a test process of xdist counted."""
    _started_by_others.update(getattr(node, "workeroutput", {}).get("counts", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print how many processes were started and databases made."""
    for what, count in sorted(_counts(config).items()):
        terminalreporter.write_line(f"{count} {what}")
    for line in _too_many(config):
        terminalreporter.write_line(line, red=True)


def _is_fast(item: pytest.Item) -> bool:
    return not any(item.get_closest_marker(name) for name in NOT_FAST)


def _counts(config: pytest.Config) -> Counter[str]:
    return _started_by_others if config.getoption("numprocesses", None) else STARTED.count


def _too_many(config: pytest.Config) -> list[str]:
    counts = _counts(config)
    limits = {PROCESSES: config.option.most_processes, DATABASES: config.option.most_databases}
    return [
        TOO_MANY.format(count=counts[what], what=what, most=most)
        for what, most in limits.items()
        if most is not None and counts[what] > most
    ]
