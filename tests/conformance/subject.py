"""The receivers under test: how each is started, reached and looked into."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import LiteralString, Protocol

import httpx

from dev import ports
from dev.log_tail import tail
from dev.process import Process
from tests.dev.groups import until
from tests.running_stack import RunningStack

START_SECONDS = 60


class Subject(Protocol):
    """A receiver that can be started, killed and ended."""

    @property
    def url(self) -> str:
        """The URL of its endpoint."""

    def start(self) -> None:
        """Start what does not run; return when it answers."""

    def kill(self) -> None:
        """Kill every process with SIGKILL."""

    def end(self) -> None:
        """End every process."""

    @property
    def pages(self) -> Mapping[str, str]:
        """The URLs of pages that need a session token, by the name of what verifies it."""

    def sign_in(self, token: str) -> int:
        """The status of a user's first request with a session token. Only for receivers that have pages."""


@dataclass(frozen=True, slots=True)
class Description:
    """A receiver by name, before it is started."""

    name: str
    title: str
    find: LiteralString
    waits: LiteralString | None = None
    skips: Mapping[str, str] = field(default_factory=dict)
    """Scenarios that do not apply to it, with the reason."""


class Akako:
    """This project: receiver, API, worker and beat as the Procfile starts them."""

    def __init__(self, stack: RunningStack) -> None:
        self._stack = stack

    @property
    def url(self) -> str:
        return f"{self._stack.url}/webhooks/clerk"

    def start(self) -> None:
        self._stack.start("web", "api", "worker", "beat")
        until(lambda: _answers(f"{self._stack.api}/healthz"), START_SECONDS)

    def kill(self) -> None:
        for name in ("web", "api", "worker", "beat"):
            self._stack.kill(name)

    def end(self) -> None:
        self._stack.end()

    @property
    def pages(self) -> Mapping[str, str]:
        return {"Akako Sync": f"{self._stack.api}/api/user/profile"}

    def sign_in(self, token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.post(f"{self._stack.api}/api/auth/sync", headers=headers, timeout=15, trust_env=False).status_code


class Peer:
    """One process that serves the endpoint, and perhaps a page for users who are signed in."""

    def __init__(
        self, command: list[str], environment: Mapping[str, str], path: str, pages: Mapping[str, str], logs: Path
    ) -> None:
        self._port = ports.free_port()
        self._command = [word.format(port=self._port) for word in command]
        self._environment = {**environment, "PORT": str(self._port)}
        self._path, self._pages = path, pages
        self._log = logs / "peer.log"
        self._process = Process("peer", self._command, environment=self._environment)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}{self._path}"

    def start(self) -> None:
        if not self._process.runs:
            with self._log.open("ab") as log:
                self._process.start(log)
        deadline = time.monotonic() + START_SECONDS
        while not _answers(self.url):
            if not self._process.runs or time.monotonic() > deadline:
                raise RuntimeError(f"The receiver did not start:\n{tail(self._log)}")
            time.sleep(0.05)

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> None:
        self._process.end(2)

    @property
    def pages(self) -> Mapping[str, str]:
        return {name: f"http://127.0.0.1:{self._port}{path}" for name, path in self._pages.items()}

    def sign_in(self, token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.get(next(iter(self.pages.values())), headers=headers, timeout=15, trust_env=False).status_code


def _answers(url: str) -> bool:
    try:
        httpx.get(url, timeout=2, trust_env=False)
    except httpx.HTTPError:
        return False
    return True
