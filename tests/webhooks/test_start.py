"""Settings are validated before the port opens, and the health check needs no other service."""

import json
import os
import socket
import subprocess
import sys

import httpx
import pytest

from dev.ports import free_port
from tests.clerk_sender import signing_secret
from tests.listener import QUICK
from tests.webhooks.conftest import StartReceiver
from tests.webhooks.receiver_process import ReceiverProcess

pytestmark = pytest.mark.processes

GOOD = {
    "DATABASE_URL": "postgresql://unknown@127.0.0.1:1/nothing",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "CLERK_WEBHOOK_SIGNING_SECRET": signing_secret(),
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CLERK_WEBHOOK_SIGNING_SECRET", "whsec_"),
        ("WEB_PROCESSES", "0"),
    ],
)
def test_an_invalid_setting_ends_the_process_before_the_port_opens(name: str, value: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        # The port is in use: a process that opened it first would report that instead.
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


def test_a_port_in_use_ends_the_process_with_a_message() -> None:
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
    assert ended.returncode == 1
    (line,) = [line for line in map(json.loads, ended.stdout.splitlines()) if line["level"] == "error"]
    assert (line["event"], line["reason"]) == ("listening.failed", "Address already in use")
    assert "PORT" in line["next_step"]


def test_the_host_of_two_colons_listens_on_ipv6_and_ipv4(start_receiver: StartReceiver) -> None:
    if not has_ipv6():
        pytest.skip("this machine has no IPv6")
    with start_receiver(host="::") as receiver:
        assert {health_status(receiver, address) for address in ("127.0.0.1", "[::1]")} == {200}


def health_status(receiver: ReceiverProcess, address: str) -> int:
    """The status of the health check at this address."""
    return httpx.get(f"http://{address}:{receiver.port}/healthz", **QUICK).status_code


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def test_the_health_check_needs_no_database_and_no_redis(start_receiver: StartReceiver) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    with start_receiver(
        database_url=f"postgresql://unknown@{nowhere}/nothing", redis_url=f"redis://{nowhere}/0"
    ) as receiver:
        assert receiver.answers()
