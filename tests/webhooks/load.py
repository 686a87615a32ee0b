"""Concurrent senders that record their responses."""

import threading
from itertools import count

import httpx

from tests.clerk_sender import Clerk

SENDERS = 8


class Load:
    """Senders that deliver one event after another until connections are refused."""

    def __init__(self, url: str, clerk: Clerk) -> None:
        self.accepted: list[str] = []
        self.other: list[int] = []
        self._url = url
        self._clerk = clerk
        self._numbers = count()
        self._threads = [threading.Thread(target=self._send, daemon=True) for _ in range(SENDERS)]
        for thread in self._threads:
            thread.start()

    def wait(self) -> None:
        """Wait until every sender has been refused a connection."""
        for thread in self._threads:
            thread.join(30)

    def _send(self) -> None:
        with httpx.Client(trust_env=False, timeout=15, verify=False) as client:
            while True:
                sent = self._clerk.created(f"user_{next(self._numbers)}")
                try:
                    answer = client.post(self._url, content=sent.body, headers=sent.headers)
                except httpx.ConnectError:
                    return
                except httpx.TransportError:
                    continue
                self._note(sent.svix_id, answer.status_code)

    def _note(self, svix_id: str, status: int) -> None:
        if status == 202:
            self.accepted.append(svix_id)
        else:
            self.other.append(status)
