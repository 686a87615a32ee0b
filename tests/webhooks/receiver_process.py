"""Runs a receiver in a process of its own."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.clerk_sender import Clerk, Sent
from tests.invalid_requests import Target
from tests.listener import QUICK, Listener, listening

PATH = "/webhooks/clerk"
TARGET = Target(PATH)


@dataclass(frozen=True)
class ReceiverProcess(Listener):
    """A running receiver."""

    @property
    def url(self) -> str:
        """The URL for deliveries."""
        return f"http://127.0.0.1:{self.port}{PATH}"

    def deliver(self, sent: Sent) -> httpx.Response:
        """Send one delivery on a separate connection."""
        return httpx.post(self.url, content=sent.body, headers=sent.headers, **QUICK)

    def deliver_at_once(self, *sent: Sent) -> list[httpx.Response]:
        """Send deliveries concurrently."""
        with ThreadPoolExecutor(min(len(sent), 32)) as senders:
            return list(senders.map(self.deliver, sent))


def signed(sent: Sent, *lines: str, body: bytes | None = None) -> bytes:
    """A delivery as an encoded request, with additional header lines; `body` is the framed body."""
    headers = [f"{name}: {value}" for name, value in sent.headers.items()]
    framing = [f"Content-Length: {len(sent.body)}"] if body is None else []
    return TARGET.request(*headers, *framing, *lines, body=sent.body if body is None else body)


@contextmanager
def running_receiver(
    directory: Path, clerk: Clerk, *, database_url: str, redis_url: str, **settings: object
) -> Iterator[ReceiverProcess]:
    """Run `python -m webhooks`; `settings` are settings in lowercase."""
    environment = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "CLERK_WEBHOOK_SIGNING_SECRET": ",".join(clerk.secrets),
        **{name.upper(): str(value) for name, value in settings.items()},
    }
    with listening("web", [sys.executable, "-m", "webhooks"], directory, environment) as started:
        yield ReceiverProcess(started.process, started.port, started.log)
