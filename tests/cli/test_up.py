"""`akako up`: start, run the printed commands, kill a process, Ctrl-C."""

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

import httpx
import psutil
import pytest

from dev import clerk_instance, ports
from tests.dev import groups

pytestmark = pytest.mark.processes

CURL = Path(__file__).with_name("curl.py")


@pytest.fixture
def local(mark: str, directory: Path) -> list[str]:
    """Arguments with a data directory and ports of its own."""
    ports_of = ("--api-port", "--port", "--clerk-port")
    own = [word for name in ports_of for word in (name, str(ports.free_port()))]
    return ["up", "--data", str(directory / mark / "local"), *own]


@pytest.mark.recovery
def test_the_printed_commands_work_and_a_second_up_is_refused(local: list[str], mark: str, directory: Path) -> None:
    printed = directory / "printed"
    with groups.akako(mark, *local, output=printed) as up:
        groups.until(lambda: "Press Ctrl-C to stop" in printed.read_text())
        deliver, profile = re.findall(r"^  ((?:\.venv/bin/akako deliver|curl) .*)$", printed.read_text(), re.MULTILINE)
        assert paste(profile) == '{"error":"Unauthorized"}'
        paste(deliver)
        groups.until(lambda: "events.applied" in printed.read_text())
        assert json.loads(paste(profile))["roles"] == ["LEARNER"]
        check_clerk(printed)
        with groups.akako(mark, *local, output=directory / "second") as second:
            assert second.wait(30) == 1
        assert "is already running" in (directory / "second").read_text()
        os.killpg(up.pid, signal.SIGINT)
        assert up.wait(30) == 0
    assert groups.marked(mark) == []


def check_clerk(printed: Path) -> None:
    """A user who signs up at the development Clerk is delivered, and known to the API, which asks it too."""
    text = printed.read_text()
    create = re.findall(r"^  (\.venv/bin/akako clerk create .*)$", text, re.MULTILINE)[0]
    created = json.loads(paste(f"{create} --json"))["id"]
    groups.until(lambda: printed.read_text().count("events.applied") > text.count("events.applied"))
    url = create.split("--url ")[1]
    assert created in httpx.get(f"{url}/", trust_env=False).text
    token = paste(f".venv/bin/akako clerk sign-in {created} --url {url}").strip()
    api = re.findall(r"The API is at (\S+)/api", text)[0]
    profile = httpx.get(f"{api}/api/user/profile", headers={"Authorization": f"Bearer {token}"}, trust_env=False)
    assert profile.json()["roles"] == ["LEARNER"]


@pytest.mark.recovery
@pytest.mark.recovery
def test_killed_processes_and_servers_are_restarted_until_sigterm(local: list[str], mark: str, directory: Path) -> None:
    printed = directory / "printed"
    with groups.akako(mark, *local, output=printed) as up:
        groups.until(lambda: "Press Ctrl-C to stop" in printed.read_text())
        commands = re.findall(r"^  (\.venv/bin/akako deliver .*)$", printed.read_text(), re.MULTILINE)
        delivered = [groups.AKAKO, *shlex.split(commands[0])[1:]]
        receiver = next(line for line in groups.marked(mark) if "-m webhooks" in line)
        os.kill(int(receiver.split()[0]), signal.SIGKILL)
        groups.until(lambda: subprocess.run(delivered, capture_output=True).returncode == 0)
        assert "web ended (signal 9); restarting" in printed.read_text()
        for name, program in {"postgres": "postgres", "redis": "valkey"}.items():
            os.kill(server(up.pid, program), signal.SIGKILL)
            groups.until(lambda name=name: f"{name} ended; restarting" in printed.read_text())  # type: ignore[misc]
        applied = printed.read_text().count("events.applied")
        groups.until(lambda: subprocess.run(delivered, capture_output=True).returncode == 0)
        groups.until(lambda: printed.read_text().count("events.applied") > applied)
        os.killpg(up.pid, signal.SIGTERM)
        assert up.wait(30) == 0
    assert groups.marked(mark) == []


def test_the_development_key_is_stable_and_private(directory: Path) -> None:
    first, second = clerk_instance.load_or_create(directory), clerk_instance.load_or_create(directory)
    assert first.settings == second.settings
    assert (directory / clerk_instance.KEY).stat().st_mode & 0o777 == 0o600


def test_with_a_configured_issuer_the_development_key_is_not_used() -> None:
    named = {"CLERK_ISSUER": "https://clerk.example.com", "CLERK_SECRET_KEY": "sk_test_real"}
    assert clerk_instance.settings(clerk_instance.create(), named) == {}


def test_without_a_development_key_there_is_no_token(directory: Path) -> None:
    refused = subprocess.run(
        [groups.AKAKO, "token", "user_grace", "--data", str(directory)], capture_output=True, text=True
    )
    assert refused.returncode == 1
    assert "There is no development key" in refused.stderr


def server(up: int, name: str) -> int:
    """The process id of an embedded server of an `akako up`."""
    return next(child.pid for child in psutil.Process(up).children() if child.name().startswith(name))


def paste(line: str) -> str:
    """The output of a command line in a shell, with a replacement for `curl` where it is missing."""
    beside = line.replace(".venv/bin/akako", shlex.quote(groups.AKAKO))
    if not shutil.which("curl"):
        beside = re.sub(r"^curl ", shlex.join([sys.executable, str(CURL)]) + " ", beside)
    return subprocess.run(["sh", "-c", beside], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("option", "variable"), [("--port", "PORT"), ("--api-port", "API_PORT"), ("--clerk-port", "CLERK_PORT")]
)
def test_a_port_in_use_is_reported_with_its_variable(
    local: list[str], option: str, variable: str, mark: str, directory: Path
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with groups.akako(mark, *local, option, str(port), output=directory / "printed") as up:
            assert up.wait(30) == 1
    printed = (directory / "printed").read_text()
    assert f"Port {port} is in use" in printed
    assert f"set {variable} to another port" in printed


def test_the_highest_port_requires_api_port(mark: str, directory: Path) -> None:
    with groups.akako(mark, "up", "--port", "65535", output=directory / "printed") as up:
        assert up.wait(30) == 2
    assert "set API_PORT too" in (directory / "printed").read_text()
