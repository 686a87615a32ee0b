"""The Procfile under honcho, with the long-running processes named, because `release` ends."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from dev import clerk_instance, procfile
from dev.ports import free_port
from tests.clerk_sender import Clerk
from tests.dev.groups import OURS, until
from tests.servers import Database

GUIDE = (procfile.PATH.parent / "docs/how-to/run-in-production.md").read_text()
START = "honcho start web api worker beat clerk console"


@pytest.mark.recovery
def test_honcho_runs_everything_and_stops_everything_on_sigterm(
    database: Database, redis_url: str, clerk: Clerk, tmp_path: Path
) -> None:
    assert f"$ {START}\n" in GUIDE
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if name not in OURS} | {
        "DATABASE_URL": database.app_url,
        "REDIS_URL": redis_url,
        "CLERK_WEBHOOK_SIGNING_SECRET": clerk.secrets[0],
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "CONSOLE_URL": "http://127.0.0.1:8003",
        "LOG_FORMAT": "json",
        **clerk_instance.NO_BACKEND,
        **clerk_instance.create().settings,
    }
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    log = tmp_path / "log"
    with log.open("wb") as output:
        honcho = subprocess.Popen(
            START.split(), cwd=procfile.PATH.parent, env=environment, stdout=output, stderr=output, close_fds=True
        )
        try:
            until(lambda: all(f"{name}.started" in log.read_text() for name in ("api", "beat", "console")), 60)
            sent = clerk.created("user_honcho")
            url = f"http://127.0.0.1:{port}/webhooks/clerk"
            assert httpx.post(url, content=sent.body, headers=sent.headers, trust_env=False).status_code == 202
            until(lambda: "events.applied" in log.read_text())
        finally:
            honcho.send_signal(signal.SIGTERM)
            honcho.wait(60)
    # The exit code is that of the shell in which honcho runs a line, which receives the signal too.
    assert sorted(re.findall(r"(\w+)\.1 stopped", log.read_text())) == sorted(procfile.LONG_RUNNING)
    assert "sending SIGKILL" not in log.read_text()
