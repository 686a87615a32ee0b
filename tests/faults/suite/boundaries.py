"""Crashes at every boundary: kills a process at each message that it exchanges with PostgreSQL or Redis, in turn."""

import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.faults.suite import process_faults
from tests.faults.suite.conditions import Say
from tests.faults.suite.cut_proxy import CutProxy
from tests.faults.suite.senders import Responses, Senders
from tests.faults.suite.stack import Environments, RecoveryFailed, Stack
from tests.faults.suite.verdict import Injection, Verdict, judge

SETTINGS = {"SWEEP_SECONDS": "1"}
"""Keeps the many rounds to minutes; recovery time is not measured here."""
PROBE = 2
"""A creation and the ban of the same user."""

MESSAGES = (b"apply_events", b"BRPOP", b"unacked", b"LPUSH", b"ZADD", b"HSET", b"ZREM", b"HDEL")
"""Words in Celery's commands to Redis that send, take, record and acknowledge a message; not in its polling."""


def _is_message(piece: bytes) -> bool:
    return any(word in piece for word in MESSAGES)


@dataclass(frozen=True, slots=True)
class Boundaries:
    """Kills at each moment between one process and one server, until no moments are left."""

    name: str
    process: str
    """Its name in the Procfile."""
    server: str
    """DATABASE_URL or REDIS_URL."""
    times: int
    """The maximum number of moments."""
    short: int = 0

    def run(self, times: int, say: Say) -> Verdict:
        """Deliver, and kill the process at the first moment, the second, and so on."""
        verdict, responses, injections = Verdict(self.name), Responses(), list[Injection]()
        with (
            tempfile.TemporaryDirectory(prefix="akako-faults-") as directory,
            self._proxied(Path(directory)) as proxied,
        ):
            stack, proxy = proxied
            try:
                for moment in range(1, times + 1):
                    say(f"{self.name}: moment {moment} of at most {times}")
                    if not self._round(stack, proxy, moment, responses, injections):
                        verdict.note = "every message of a delivery"
                        break
            except (RecoveryFailed, TimeoutError) as error:
                verdict.wrong.append(str(error))
            except KeyboardInterrupt:
                verdict.interrupted = True
            verdict.times = len(injections)
            return judge(stack, responses, injections, verdict)

    def _round(
        self, stack: Stack, proxy: CutProxy, moment: int, responses: Responses, injections: list[Injection]
    ) -> bool:
        """Whether the process was killed before the deliveries were applied."""
        deliver(stack, responses)  # opens the connections
        proxy.arm(moment, lambda: process_faults.kill(stack, self.process))
        deliver(stack, responses)
        proxy.disarm()
        if proxy.cut.is_set():
            injections.append(Injection(proxy.cut_at, proxy.cut_at))
        return proxy.cut.is_set()

    @contextmanager
    def _proxied(self, directory: Path) -> Iterator[tuple[Stack, CutProxy]]:
        made: list[CutProxy] = []

        def own(stack: Stack) -> Environments:
            made.append(self._proxy(stack))
            return {self.process: {self.server: self._address(made[0])}}

        with Stack(directory, settings=SETTINGS, own=own) as stack:
            try:
                yield stack, made[0]
            finally:
                made[0].close()

    def _proxy(self, stack: Stack) -> CutProxy:
        if self.server == "DATABASE_URL":
            return CutProxy(_to_postgres(stack.servers.app_url))
        return CutProxy(_to_redis(stack.servers.redis_url), _is_message)

    def _address(self, proxy: CutProxy) -> str:
        if self.server == "DATABASE_URL":
            return f"postgresql://akako_app@127.0.0.1:{proxy.port}/akako?sslmode=disable&gssencmode=disable"
        return f"redis://127.0.0.1:{proxy.port}/0"


def deliver(stack: Stack, responses: Responses) -> None:
    """Send the next pair of deliveries, until both are accepted, and wait until both are applied."""
    first = len(responses.accepted)
    Senders(stack.port, 1, responses=responses).deliver(*range(first, first + PROBE))
    stack.settle(60)


def _to_postgres(url: str) -> Callable[[], socket.socket]:
    path = f"{parse_qs(urlsplit(url).query)['host'][0]}/.s.PGSQL.5432"

    def connect() -> socket.socket:
        made = socket.socket(socket.AF_UNIX)
        try:
            made.connect(path)
        except OSError:
            made.close()
            raise
        return made

    return connect


def _to_redis(url: str) -> Callable[[], socket.socket]:
    port = urlsplit(url).port or 0
    return lambda: socket.create_connection(("127.0.0.1", port))
