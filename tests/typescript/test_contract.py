"""The TypeScript package against the processes of `akako up`: `make test-typescript` builds it before."""

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

pytestmark = [pytest.mark.typescript, pytest.mark.processes]

PACKAGE = Path(__file__).parents[2] / "sdk/typescript"
LEAST = 20
"""Tests that have to run; more are welcome."""
READY = "Press Ctrl-C to stop"


@pytest.fixture
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


def test_the_package_works_with_the_api_and_with_the_views(environment: dict[str, str]) -> None:
    tests = subprocess.run(
        ["npx", "vitest", "run", "--project", "contract"],
        cwd=PACKAGE,
        env=os.environ | environment | {"NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=150,
    )

    passed = re.search(r"Tests  (\d+) passed", tests.stdout)
    assert tests.returncode == 0, tests.stdout + tests.stderr
    assert passed, tests.stdout
    assert int(passed[1]) >= LEAST, tests.stdout
