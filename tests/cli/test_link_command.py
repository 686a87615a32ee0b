"""`akako link`: prints a link that signs in once, within ten minutes, in a browser on this machine."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from starlette.testclient import TestClient

from dev import clerk_instance, one_time_links, ports, probes, procfile
from dev import console as local_console
from dev.embedded.servers import Servers
from dev.process import Process
from dev.processes import Processes
from tests.browser.console_stack import Consoled, consoled
from tests.served_clerk import ServedClerk, served_clerk
from tests.servers import Database

LISTENING = "0A"
LOOPBACK = "0100007F"


@pytest.fixture
def clerk(tmp_path: Path) -> Iterator[ServedClerk]:
    """The instance whose data directory is `tmp_path`."""
    with served_clerk() as running:
        (tmp_path / clerk_instance.KEY).write_text(running.instance.signer.private_pem)
        yield running


@pytest.fixture
def console(database: Database, servers: Servers, clerk: ServedClerk, tmp_path: Path) -> Iterator[Consoled]:
    """The console of `akako up`."""
    build = local_console.application
    with consoled(database, servers.redis_url, clerk, lambda settings: build(settings, tmp_path)) as running:
        yield running


@pytest.fixture
def link(akako: Any, console: Consoled, tmp_path: Path) -> str:
    """A link that the command printed."""
    port = console.url.rpartition(":")[2]
    return str(akako("link", "--data", str(tmp_path), "--console-port", port).stdout).strip()


def follow(link: str) -> httpx.Response:
    """Open a link, and press the button of its page, in a browser without cookies."""
    parts = urlsplit(link)
    origin = f"{parts.scheme}://{parts.netloc}"
    with httpx.Client(trust_env=False) as browser:
        assert browser.get(link).status_code == 200
        own = {"Origin": origin, "Sec-Fetch-Site": "same-origin"}
        return browser.post(origin + parts.path, data={"key": parse_qs(parts.query)["key"][0]}, headers=own)


def test_a_printed_link_signs_in_once(console: Consoled, link: str) -> None:
    first, second = follow(link), follow(link)

    assert link.startswith(f"{console.url}{one_time_links.PATH}?key=")
    assert (first.status_code, first.headers["location"]) == (303, "/")
    assert httpx.get(console.url, cookies=dict(first.cookies), trust_env=False).status_code == 200
    assert (second.status_code, dict(second.cookies)) == (403, {})
    assert "Run <code>akako link</code> for a new one." in second.text


def test_each_link_is_another_one(akako: Any, link: str, tmp_path: Path) -> None:
    other = str(akako("link", "--data", str(tmp_path)).stdout).strip()

    assert parse_qs(urlsplit(other).query) != parse_qs(urlsplit(link).query)
    assert follow(link).status_code == 303


def test_a_printed_link_expires(link: str, tmp_path: Path) -> None:
    (file,) = (tmp_path / "console-links").iterdir()
    past = time.time() - one_time_links.LINK_SECONDS - 1
    os.utime(file, (past, past))

    assert follow(link).status_code == 403


def test_a_link_from_another_machine_is_refused_and_stays_unused(console: Consoled, link: str, tmp_path: Path) -> None:
    app = local_console.application(console.settings, tmp_path)
    parts = urlsplit(link)
    own = {"Origin": console.url, "Sec-Fetch-Site": "same-origin"}

    with TestClient(app, base_url=console.url, client=("192.0.2.1", 50_000)) as elsewhere:
        opened = elsewhere.get(f"{parts.path}?{parts.query}")
        used = elsewhere.post(parts.path, data={"key": parse_qs(parts.query)["key"][0]}, headers=own)

    assert (opened.status_code, used.status_code) == (421, 421)
    assert follow(link).status_code == 303


@pytest.mark.processes
@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux lists who listens")
def test_the_console_of_links_listens_on_the_loopback_whatever_host_is_set(
    akako: Any, database: Database, servers: Servers, clerk: ServedClerk, tmp_path: Path
) -> None:
    port = ports.free_port()
    environment = {
        **clerk.instance.signer.settings,
        "CLERK_SECRET_KEY": clerk.key,
        "CLERK_API_URL": clerk.url,
        "CLERK_FRONTEND_API": clerk.url.replace("127.0.0.1", "localhost"),
        "CLERK_PUBLISHABLE_KEY": clerk_instance.PUBLISHABLE_KEY,
        "DATABASE_URL": database.app_url,
        "REDIS_URL": servers.redis_url,
        "CONSOLE_URL": f"http://localhost:{port}",
        "HOST": "0.0.0.0",
        "PORT": str(port),
    }
    command = [sys.executable, "-m", "dev.console", "--data", str(tmp_path)]
    process = Process("console", command, environment=environment, directory=procfile.PATH.parent)
    with Processes([process], lambda each: each.start(subprocess.DEVNULL)) as running:
        assert probes.wait(running, f"http://localhost:{port}")
        answer = follow(str(akako("link", "--data", str(tmp_path), "--console-port", str(port)).stdout).strip())
        tables = [Path(f"/proc/net/tcp{version}") for version in ("", "6")]
        sockets = [line.split() for table in tables if table.exists() for line in table.read_text("ascii").splitlines()]

    addresses = {fields[1] for fields in sockets if fields[3] == LISTENING and fields[1].endswith(f":{port:04X}")}
    assert addresses == {f"{LOOPBACK}:{port:04X}"}
    assert answer.status_code == 303


def test_without_a_development_instance_no_link_is_made(akako: Any, tmp_path: Path) -> None:
    result = akako("link", "--data", str(tmp_path / "nothing"))

    assert (result.exit_code, "Start one: `akako up`" in result.output) == (1, True)
    assert list(tmp_path.iterdir()) == []
