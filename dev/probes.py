"""Waits until receiver and API answer."""

import time

import httpx

from dev.processes import Processes

READY_SECONDS = 60.0


def url(host: str, port: int) -> str:
    """The URL of this host and port, for clients on this machine."""
    return f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"  # noqa: S104


def wait(running: Processes, *urls: str) -> bool:
    """Wait until all URLs answer; False after a timeout, or if one of the processes ended."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and not running.ended():
        if all(_answers(each) for each in urls):
            return True
        time.sleep(0.05)
    return False


def _answers(url: str) -> bool:
    try:
        # Plain HTTP needs no certificates, and loading them would take longer than the request.
        return httpx.get(f"{url}/healthz", timeout=1, trust_env=False, verify=False).is_success  # noqa: S501
    except httpx.HTTPError:
        return False
