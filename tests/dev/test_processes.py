"""Processes that run together are started, restarted and stopped, and none is left running."""

import os
import signal
import subprocess
import sys
import threading
import uuid

import pytest

from dev import procfile
from dev.process import Process
from dev.processes import Processes
from tests.dev import groups

pytestmark = pytest.mark.processes

STUBBORN = "trap '' TERM; echo here; while true; do sleep 0.1; done"
PARENT = "sleep 300 & echo here; wait"


def shell(script: str, mark: str, name: str = "test") -> Process:
    return Process(name, ["/bin/sh", "-c", script], environment={groups.MARK: mark})


def ready(process: Process) -> None:
    """Start the process and wait for its first line."""
    stream = process.start(subprocess.PIPE)
    assert stream is not None
    with stream:
        assert stream.readline() == b"here\n"


def test_a_process_that_ignores_sigterm_is_killed() -> None:
    process = shell(STUBBORN, uuid.uuid4().hex)
    ready(process)
    process.end(patience=0.1)
    assert process.code == -signal.SIGKILL


def test_children_of_a_process_end_with_it() -> None:
    mark = uuid.uuid4().hex
    process = shell(PARENT, mark)
    ready(process)
    assert len(groups.marked(mark)) == 2
    process.end()
    groups.until(lambda: not groups.marked(mark), pause=0.25)


def test_a_killed_process_is_restarted() -> None:
    process = shell("exec sleep 300", uuid.uuid4().hex)
    lines: list[str] = []
    with Processes([process], lambda each: each.start(subprocess.DEVNULL)) as running:
        threading.Thread(target=running.keep_running, args=(lines.append,), daemon=True).start()
        first = process.pid
        os.kill(first, signal.SIGKILL)
        groups.until(lambda: process.pid != first and process.runs)
        running.stop()
    assert lines == ["test ended (signal 9); restarting in 1 s"]


def test_started_processes_are_stopped_when_a_later_one_fails_to_start() -> None:
    mark = uuid.uuid4().hex
    broken = Process("broken", ["/nowhere/at/all"])
    with pytest.raises(FileNotFoundError):
        Processes([shell("exec sleep 300", mark), broken], lambda each: each.start(subprocess.DEVNULL)).__enter__()
    assert groups.marked(mark) == []


def test_children_of_a_killed_program_are_killed() -> None:
    mark = uuid.uuid4().hex
    program = (
        "import subprocess, time; from dev.process import Process;"
        f"Process('test', ['sleep', '300'], environment={{'{groups.MARK}': '{mark}'}}).start(subprocess.DEVNULL);"
        "print('started', flush=True); time.sleep(300)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == b"started\n"
        assert len(groups.marked(mark)) == 1
        killed.kill()
    groups.until(lambda: not groups.marked(mark), pause=0.25)


def test_the_procfile_has_every_process() -> None:
    assert list(procfile.read()) == ["release", "web", "api", "worker", "beat", "clerk", "console"]
