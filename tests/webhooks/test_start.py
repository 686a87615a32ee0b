"""Settings are judged before a port opens, and a receiver answers its health check whatever else is there."""

import json
import os
import socket
import subprocess
import sys

import pytest

from ops.ground import free_port
from tests.clerk_says import signing_secret
from tests.webhooks.conftest import Opens

pytestmark = pytest.mark.processes

GOOD = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "CLERK_WEBHOOK_SIGNING_SECRET": signing_secret(),
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CLERK_WEBHOOK_SIGNING_SECRET", "whsec_"),
        ("DATABASE_URL", "mysql://nowhere"),
        ("REDIS_URL", ""),
        ("WEB_PROCESSES", "0"),
        ("MAX_BODY_BYTES", "many"),
    ],
)
def test_a_wrong_setting_ends_the_process_before_the_port_opens(name: str, value: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        # The port is taken: a process that opened it first would complain of that instead.
        own = {"HOST": "127.0.0.1", "PORT": str(taken.getsockname()[1])}
        ended = subprocess.run(
            [sys.executable, "-m", "webhooks"],
            env={"PATH": os.environ["PATH"], **GOOD, **own, name: value},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert ended.returncode == 1
    assert name in ended.stderr
    assert "address" not in ended.stderr


def test_a_port_that_is_taken_ends_the_process_and_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        own = {"HOST": "127.0.0.1", "PORT": str(taken.getsockname()[1])}
        ended = subprocess.run(
            [sys.executable, "-m", "webhooks"],
            env={"PATH": os.environ["PATH"], **GOOD, **own},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert ended.returncode != 0
    assert "address already in use" in " ".join(json.loads(line)["event"] for line in ended.stderr.splitlines())


def test_the_health_check_needs_no_database_and_no_redis(opens: Opens) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    with opens(database_url=f"postgresql://nobody@{nowhere}/nothing", redis_url=f"redis://{nowhere}/0") as door:
        assert door.answers()
