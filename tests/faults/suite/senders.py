"""Senders that deliver as Svix does, with retries until a delivery is accepted, and record the answers."""

import http.client
import itertools
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.faults.suite.deliveries import Numbered

PATH = "/webhooks/clerk"
SENDERS = 16
TIMEOUT_SECONDS = 15.0
PAUSE_SECONDS = 0.2
"""Delay before a retry; Svix waits longer, which would only reduce the load."""


@dataclass(slots=True)
class Responses:
    """The answers to the senders. Times are seconds of the system's wall clock."""

    accepted: dict[int, float] = field(default_factory=dict)
    """When each number was first answered 2xx."""
    waits: list[float] = field(default_factory=list)
    """How long each 2xx took, in seconds."""
    failures: list[tuple[float, str]] = field(default_factory=list)
    """Time of each attempt that was not answered 2xx, and its status or error."""


class Senders:
    """Threads that together deliver `rate` per second until stopped; started deliveries are still completed."""

    def __init__(
        self, port: int, rate: float, *, responses: Responses | None = None, first: int = 0, reuse: bool = True
    ) -> None:
        self.responses = responses or Responses()
        self._port = port
        self._rate = rate
        self._numbers = itertools.count(first)
        self._first = first
        self._reuse = reuse
        """Whether a sender keeps its connection for the next delivery."""
        self._began = time.time()
        self._stopped = threading.Event()
        self._abandoned = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._deliver, args=(self._next(),), daemon=True) for _ in range(SENDERS)
        ]

    def start(self) -> None:
        """Start delivering."""
        for thread in self._threads:
            thread.start()

    def finish(self, seconds: float = 120) -> None:
        """Start no new delivery, and wait until each started one is accepted. Raises TimeoutError if one is not."""
        self._stopped.set()
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        if any(thread.is_alive() for thread in self._threads):
            self._abandoned.set()
            raise TimeoutError(f"a delivery was not accepted for {seconds:g} s after the last fault")

    def abandon(self) -> None:
        """Stop immediately."""
        self._stopped.set()
        self._abandoned.set()

    def accepted_since(self, moment: float) -> bool:
        """Whether any delivery was accepted for the first time since then."""
        with self._lock:
            latest = list(self.responses.accepted.values())[-SENDERS * 4 :]
        return any(accepted > moment for accepted in latest)

    def deliver(self, *numbers: int) -> None:
        """Deliver these in order, each until it is accepted."""
        self._deliver(numbers)

    def _deliver(self, numbers: Iterable[int]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_SECONDS)
        for number in numbers:
            while not self._attempt(connection, number) and not self._abandoned.wait(PAUSE_SECONDS):
                pass
        connection.close()

    def _next(self) -> Iterator[int]:
        return itertools.chain.from_iterable(iter(self._due, ()))

    def _due(self) -> tuple[int, ...]:
        """The next number when it is due; empty after a stop."""
        with self._lock:
            number = next(self._numbers)
        due = self._began + (number - self._first) / self._rate
        if self._stopped.wait(max(0.0, due - time.time())):
            return ()
        return (number,)

    def _attempt(self, connection: http.client.HTTPConnection, number: int) -> bool:
        delivery = Numbered(number)
        began = time.time()
        try:
            connection.request("POST", PATH, delivery.body(), delivery.headers())
            answer = connection.getresponse()
            answer.read()
            if not self._reuse:
                connection.close()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            return self._note(began, number, type(error).__name__)
        return self._note(began, number, "" if answer.status == 202 else str(answer.status))

    def _note(self, began: float, number: int, failure: str) -> bool:
        now = time.time()
        with self._lock:
            if failure:
                self.responses.failures.append((now, failure))
            else:
                self.responses.accepted.setdefault(number, now)
                self.responses.waits.append(now - began)
        return not failure
