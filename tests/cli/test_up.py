"""`akako up`, as somebody tries it out: start, paste the line it offers, kill a process, Ctrl-C."""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from dev import clerk_instance, local_servers
from tests.dev import groups

pytestmark = pytest.mark.processes

CURL = Path(__file__).with_name("curl.py")


@pytest.fixture
def local(mark: str, directory: Path) -> list[str]:
    """What keeps this `up` apart from a developer's."""
    ports = ["--api-port", str(local_servers.free_port()), "--port", str(local_servers.free_port())]
    return ["up", "--data", str(directory / mark / "local"), *ports]


def test_the_lines_it_offers_work_and_a_second_one_is_refused(local: list[str], mark: str, directory: Path) -> None:
    said = directory / "said"
    with groups.akako(mark, *local, output=said) as up:
        groups.until(lambda: "Ctrl-C ends it" in said.read_text())
        deliver, ask = re.findall(r"^  ((?:\.venv/bin/akako deliver|curl) .*)$", said.read_text(), re.MULTILINE)
        assert paste(ask) == '{"error":"Unauthorized"}'
        paste(deliver)
        groups.until(lambda: "events.applied" in said.read_text())
        assert json.loads(paste(ask))["roles"] == ["LEARNER"]
        with groups.akako(mark, *local, output=directory / "second") as second:
            assert second.wait(30) == 1
        assert "runs here already" in (directory / "second").read_text()
        os.killpg(up.pid, signal.SIGINT)
        assert up.wait(30) == 0
    assert groups.marked(mark) == []


@pytest.mark.recovery
def test_a_killed_process_comes_back_until_the_end_is_asked_for(local: list[str], mark: str, directory: Path) -> None:
    said = directory / "said"
    with groups.akako(mark, *local, output=said) as up:
        groups.until(lambda: "Ctrl-C ends it" in said.read_text())
        offered = re.findall(r"^  (\.venv/bin/akako deliver .*)$", said.read_text(), re.MULTILINE)
        delivered = [groups.AKAKO, *shlex.split(offered[0])[1:]]
        receiver = next(line for line in groups.marked(mark) if "-m webhooks" in line)
        os.kill(int(receiver.split()[0]), signal.SIGKILL)
        groups.until(lambda: subprocess.run(delivered, capture_output=True).returncode == 0)
        assert "web ended (signal 9) and starts again" in said.read_text()
        for name, program in {"postgres": "postgres", "redis": "valkey"}.items():
            os.kill(server(up.pid, program), signal.SIGKILL)
            groups.until(lambda name=name: f"{name} ended and starts again" in said.read_text())  # type: ignore[misc]
        applied = said.read_text().count("events.applied")
        groups.until(lambda: subprocess.run(delivered, capture_output=True).returncode == 0)
        groups.until(lambda: said.read_text().count("events.applied") > applied)
        os.killpg(up.pid, signal.SIGTERM)
        assert up.wait(30) == 0
    assert groups.marked(mark) == []


def test_the_key_is_kept_for_its_owner_alone_and_stays_the_same(directory: Path) -> None:
    first, second = clerk_instance.kept(directory), clerk_instance.kept(directory)
    assert first.settings == second.settings
    assert (directory / clerk_instance.KEY).stat().st_mode & 0o777 == 0o600


def test_where_clerk_is_named_nothing_of_ours_is_believed() -> None:
    named = {"CLERK_ISSUER": "https://clerk.example.com", "CLERK_SECRET_KEY": "sk_test_real"}
    assert clerk_instance.settings(clerk_instance.made(), named) == {}


def test_without_a_kept_key_there_is_no_token(directory: Path) -> None:
    refused = subprocess.run(
        [groups.AKAKO, "token", "user_grace", "--data", str(directory)], capture_output=True, text=True
    )
    assert refused.returncode == 1
    assert "there is no development key" in refused.stderr


def server(up: int, name: str) -> int:
    """The process id of an embedded server of an `akako up`."""
    return next(child.pid for child in psutil.Process(up).children() if child.name().startswith(name))


def paste(line: str) -> str:
    """What a line prints in a shell at the checkout, where `curl` may be missing."""
    beside = line.replace(".venv/bin/akako", shlex.quote(groups.AKAKO))
    if not shutil.which("curl"):
        beside = re.sub(r"^curl ", shlex.join([sys.executable, str(CURL)]) + " ", beside)
    return subprocess.run(["sh", "-c", beside], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(("option", "variable"), [("--port", "PORT"), ("--api-port", "API_PORT")])
def test_a_busy_port_is_named(local: list[str], option: str, variable: str, mark: str, directory: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with groups.akako(mark, *local, option, str(port), output=directory / "said") as up:
            assert up.wait(30) == 1
    said = (directory / "said").read_text()
    assert f"port {port} is taken" in said
    assert f"choose another with {variable}." in said


def test_a_last_port_leaves_none_for_the_api_and_says_so(mark: str, directory: Path) -> None:
    with groups.akako(mark, "up", "--port", "65535", output=directory / "said") as up:
        assert up.wait(30) == 2
    assert "set API_PORT too" in (directory / "said").read_text()
