"""A running `akako up` with an admin, for tests of the TypeScript package. `make test-typescript` builds it before."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev import ports
from dev.clerk.client import Client
from tests.dev import groups

PACKAGE = Path(__file__).parents[2] / "sdk/typescript"
READY = "Press Ctrl-C to stop"


@pytest.fixture(scope="session")
def environment() -> Iterator[dict[str, str]]:
    """Addresses of a running stack with an admin, for the tests of the package."""
    missing = None if (PACKAGE / "dist").exists() and shutil.which("npx") else "run make test-typescript"
    if missing:
        (pytest.fail if "node" in os.environ.get("AKAKO_REQUIRE", "") else pytest.skip)(missing)
    own = [word for name in ("--api-port", "--port", "--clerk-port") for word in (name, str(ports.free_port()))]
    with tempfile.TemporaryDirectory(prefix="akako-tests-") as made:
        directory = Path(made)
        printed = directory / "printed"
        with groups.akako("typescript", "up", "--data", str(directory / "local"), *own, output=printed) as up:
            groups.until(lambda: READY in printed.read_text())
            yield _addresses(printed.read_text())
            os.killpg(up.pid, signal.SIGINT)
            assert up.wait(30) == 0


def _addresses(printed: str) -> dict[str, str]:
    """What the welcome of `akako up` says, and the Clerk id of an admin."""

    def find(pattern: str) -> str:
        found: str = re.findall(pattern, printed)[0]
        return found

    clerk, database = find(r"development Clerk is (\S+)/,"), find(r"tables are in '(\S+)'")
    created = Client(clerk)("POST", "/api/users", {"email_address": ["admin@example.com"], "first_name": "Admin"})
    admin: str = created["id"]
    assign = [groups.AKAKO, "roles", "assign", admin, "ADMIN", "--reason", "Contract test"]
    environment = os.environ | {"DATABASE_URL": database}
    groups.until(lambda: subprocess.run(assign, env=environment, capture_output=True).returncode == 0, pause=0.5)
    return {
        "AKAKO_API_URL": find(r"The API is at (\S+)/api"),
        "AKAKO_DATABASE_URL": database,
        "CLERK_URL": clerk,
        "ADMIN": admin,
    }
