"""SIGTERM, SIGINT and SIGHUP end every process with 0, from early in its start on."""

import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from dev.embedded.servers import Servers
from dev.process import Process
from tests.dev.groups import until
from tests.running_stack import RunningStack, running_stack
from tests.servers import Database, copy_of

STOPS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]
NAMES = ["web", "api", "worker", "beat", "clerk", "console"]


@pytest.fixture(scope="module")
def database(servers: Servers, template: str) -> Iterator[Database]:
    with copy_of(servers, template) as copy:
        yield copy


@pytest.fixture
def stack(database: Database, servers: Servers, tmp_path: Path) -> Iterator[RunningStack]:
    with running_stack(database, servers.redis_url, tmp_path) as made:
        yield made


@pytest.mark.recovery
@pytest.mark.parametrize("stop", STOPS)
def test_a_process_that_runs_ends_with_0(stack: RunningStack, stop: signal.Signals) -> None:
    processes = stack.processes()
    try:
        for process in processes:
            stack.launch(process)
        until(
            lambda: (
                all(said in stack.text() for said in ("receiver.started", "api.started", "beat.started"))
                and stack.text().count(" ready.") == 2
            )
        )
        assert stopped(processes, stop) == dict.fromkeys(NAMES, 0)
    finally:
        for process in processes:
            process.kill()


@pytest.mark.recovery
@pytest.mark.parametrize("stop", STOPS)
def test_a_process_that_is_starting_ends_with_0(stack: RunningStack, stop: signal.Signals) -> None:
    processes = stack.processes()
    try:
        for process in processes:
            stack.launch(process)
            until(partial(handles, process, stop))
            assert stopped([process], stop) == {process.name: 0}
    finally:
        for process in processes:
            process.kill()
    assert "started" not in stack.text()


def handles(process: Process, stop: signal.Signals) -> bool:
    """Whether a process has a handler of its own for a signal; Linux says so."""
    (caught,) = [
        line.split()[1]
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines()
        if line.startswith("SigCgt:")
    ]
    # Python handles SIGINT from the beginning: that SIGTERM is handled as well says that ours is there.
    return all(int(caught, 16) >> (each - 1) & 1 for each in (stop, signal.SIGTERM))


def stopped(processes: list[Process], stop: signal.Signals) -> dict[str, int | None]:
    """How each ends when it is told to."""
    for process in processes:
        os.kill(process.pid, stop)
    until(lambda: not any(process.runs for process in processes))
    return {process.name: process.code for process in processes}
