"""A child process and its process group."""

import os
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from dev import signals
from dev.process import Process
from tests.examples import examples

pytestmark = pytest.mark.processes

MANY = "for each in 1 2 3 4 5 6 7 8 9 10; do (while :; do mkdir -p made/$each; rmdir made/$each; done) & done; wait"


@pytest.fixture
def busy(tmp_path: Path) -> Process:
    """A program whose children write to their directory until they end."""
    return Process("busy", ["sh", "-c", MANY], directory=tmp_path)


@pytest.mark.properties
def test_no_process_of_the_group_runs_after_kill_returns(busy: Process) -> None:
    for _ in range(examples(10)):
        busy.start(subprocess.DEVNULL)
        time.sleep(0.1)
        busy.kill()
        assert _is_gone(busy)


def test_a_second_kill_sends_no_signal_to_a_reused_group_id(busy: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    signalled: list[int] = []
    busy.start(subprocess.DEVNULL)
    busy.kill()
    monkeypatch.setattr(os, "killpg", lambda group, _: signalled.append(group))
    busy.end()
    assert signalled == []


def test_an_interrupted_run_leaves_no_process(busy: Process) -> None:
    interrupter = threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGINT])
    with signals.interruptible():
        interrupter.start()
        with pytest.raises(KeyboardInterrupt):
            busy.run(subprocess.DEVNULL)
    assert _is_gone(busy)


@pytest.mark.parametrize("code", [0, 3])
def test_a_run_returns_the_exit_code(code: int) -> None:
    assert Process("ending", ["sh", "-c", f"exit {code}"]).run(subprocess.DEVNULL) == code


def _is_gone(process: Process) -> bool:
    """Whether no member of the group runs. Killed ones remain as zombies until init has reaped them."""
    return not any(_runs_in(each, process.pid) for each in psutil.process_iter())


def _runs_in(process: psutil.Process, group: int) -> bool:
    with suppress(psutil.NoSuchProcess, ProcessLookupError):
        return os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE
    return False
