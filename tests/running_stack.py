"""Receiver, worker and calendar as the Procfile starts them, each of which a test may end, kill and start again."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine

from akako_guard.database.engine import connect
from dev import clerk_instance, ports, procfile
from dev.process import Process
from tests import ledger
from tests.clerk_sender import Clerk, Sent
from tests.dev.groups import until
from tests.servers import Database

WAITING = "select count(*) from webhook_events where status = 'received'"
ROLES = "select role from user_roles join users on users.id = user_id where clerk_id = %s and is_active"


class RunningStack:
    """Everything that runs for ever, on one database and one Redis."""

    def __init__(self, database: Database, redis_url: str, directory: Path, **settings: str) -> None:
        self.clerk = Clerk()
        self.engine: Engine = connect(database.app_url, "test", connections=8)
        self.instance = clerk_instance.create()
        self.ports = {name: ports.free_port() for name in ("web", "api", "console")}
        self.metrics = {name: ports.free_port() for name in procfile.LONG_RUNNING}
        self.url = f"http://127.0.0.1:{self.ports['web']}"
        self.api = f"http://127.0.0.1:{self.ports['api']}"
        self._directory = directory
        self._environment = {
            "DATABASE_URL": database.app_url,
            "REDIS_URL": redis_url,
            "CLERK_WEBHOOK_SIGNING_SECRET": self.clerk.secrets[0],
            "HOST": "127.0.0.1",
            "CONSOLE_URL": f"http://127.0.0.1:{self.ports['console']}",
            "SWEEP_SECONDS": "1",
            "EXPIRE_SECONDS": "1",
            **settings,
        }
        self._processes = {process.name: process for process in self.processes()}

    def processes(self) -> list[Process]:
        """The lines of the Procfile, anew."""
        own = {name: {"METRICS_PORT": str(port)} for name, port in self.metrics.items()}
        for name, port in self.ports.items():
            own[name]["PORT"] = str(port)
        return procfile.processes(clerk_instance.NO_BACKEND | self._environment | self.instance.settings, **own)

    def start(self, *names: str) -> None:
        """Start those that do not run; return when the receiver answers."""
        for name in names:
            if not self._processes[name].runs:
                self.launch(self._processes[name])
        until(self._answers, 60)

    def launch(self, process: Process) -> None:
        """Start a process and keep what it says."""
        with (self._directory / f"{process.name}.log").open("ab") as log:
            process.start(log)

    def kill(self, name: str) -> None:
        """`kill -9`, with all that it started."""
        self._processes[name].kill()

    def stop(self, name: str) -> None:
        """SIGTERM, and wait."""
        self._processes[name].end(60)

    def code(self, name: str) -> int | None:
        """How a process ended by itself; None while it runs."""
        return self._processes[name].code

    def hands(self, name: str = "worker") -> list[psutil.Process]:
        """The processes that the worker, or another process of Celery, works with."""
        children = psutil.Process(self._processes[name].pid).children(recursive=True)
        return [process for process in children if not process.children()]

    def kill_hands(self) -> None:
        """`kill -9` for the processes that the worker applies with, and for them alone."""
        for hand in self.hands():
            hand.kill()

    def end(self) -> None:
        """End everything in order."""
        for process in self._processes.values():
            process.ask_to_end()
        for process in self._processes.values():
            process.end(20)
        self.engine.dispose()

    def deliver(self, *sent: Sent) -> list[int]:
        """Send deliveries one after the other on one connection; the statuses answered."""
        with httpx.Client(trust_env=False, verify=False, timeout=15) as client:
            return [self._post(client, delivery).status_code for delivery in sent]

    def scrape(self, name: str) -> dict[tuple[str, str], float]:
        """What a process tells Prometheus: values by name, and the value of the one label or nothing."""
        answer = httpx.get(f"http://127.0.0.1:{self.metrics[name]}/metrics", timeout=15, trust_env=False, verify=False)
        found = [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]
        return {(sample.name, " ".join(sample.labels.values())): sample.value for sample in found}

    def roles(self, clerk_id: str) -> list[object]:
        """The active roles of a user."""
        return ledger.values(self.engine, ROLES, clerk_id)

    def value(self, query: str, *parameters: object) -> object:
        """The one value that a query finds."""
        (value,) = ledger.values(self.engine, query, *parameters)
        return value

    def settled(self) -> bool:
        """Whether nothing waits to be applied."""
        return self.value(WAITING) == 0

    def text(self) -> str:
        """Everything that was logged."""
        return "".join(log.read_text() for log in self._directory.glob("*.log"))

    def lines(self) -> list[dict[str, Any]]:
        """Everything that was logged; fails on a line that is no JSON."""
        return [json.loads(line) for line in self.text().splitlines()]

    def _post(self, client: httpx.Client, sent: Sent) -> httpx.Response:
        return client.post(f"{self.url}/webhooks/clerk", content=sent.body, headers=sent.headers)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", timeout=2, trust_env=False, verify=False).is_success
        except httpx.HTTPError:
            return False


@contextmanager
def running_stack(database: Database, redis_url: str, directory: Path, **settings: str) -> Iterator[RunningStack]:
    """A stack of which nothing is started yet; all of its processes have ended after the block."""
    built = RunningStack(database, redis_url, directory, **settings)
    try:
        yield built
    finally:
        built.end()
