"""`akako up`, as somebody tries it out: start, paste the line it offers, kill a process, Ctrl-C."""

import os
import re
import shlex
import signal
import socket
import subprocess
import uuid
from pathlib import Path

import pytest

from ops import ground, procfile
from tests.ops import groups


@pytest.fixture
def local(directory: Path) -> list[str]:
    """What keeps this `up` apart from a developer's."""
    return ["up", "--data", str(directory / "local"), "--port", str(ground.free_port())]


def test_the_line_it_offers_works_and_a_killed_process_comes_back(local: list[str], directory: Path) -> None:
    mark, said = uuid.uuid4().hex, directory / "said"
    with groups.akako(mark, *local, output=said) as up:
        groups.until(lambda: "Ctrl-C ends it" in said.read_text())
        offered = re.findall(r"^  (\.venv/bin/akako deliver .*)$", said.read_text(), re.MULTILINE)
        delivered = [groups.AKAKO, *shlex.split(offered[0])[1:]]
        assert subprocess.run(delivered, cwd=procfile.PATH.parent, capture_output=True).returncode == 0
        groups.until(lambda: "events.applied" in said.read_text())
        receiver = next(line for line in groups.marked(mark) if "-m webhooks" in line)
        os.kill(int(receiver.split()[0]), signal.SIGKILL)
        groups.until(lambda: subprocess.run(delivered, capture_output=True).returncode == 0)
        assert "web ended (signal 9) and starts again" in said.read_text()
        os.killpg(up.pid, signal.SIGINT)
        assert up.wait(30) == 0
    assert groups.marked(mark) == []


def test_a_second_one_is_refused(local: list[str], directory: Path) -> None:
    mark = uuid.uuid4().hex
    with groups.akako(mark, *local, output=directory / "first") as up:
        groups.until(lambda: any("/postgres" in line for line in groups.marked(mark)))
        with groups.akako(mark, *local, output=directory / "second") as second:
            assert second.wait(30) == 1
        assert "runs here already" in (directory / "second").read_text()
        os.killpg(up.pid, signal.SIGTERM)
        assert up.wait(30) == 0
    assert groups.marked(mark) == []


def test_a_busy_port_is_named(local: list[str], directory: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with groups.akako(uuid.uuid4().hex, *local[:-1], str(port), output=directory / "said") as up:
            assert up.wait(30) == 1
    assert f"port {port} is taken" in (directory / "said").read_text()
