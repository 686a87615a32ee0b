"""Requests without a valid signature, and data that is not HTTP."""

import socket
import threading
from collections import Counter
from contextlib import suppress
from functools import partial

from tests.faults.suite.concurrency import at_once, shares
from tests.faults.suite.senders import PATH


def send(port: int, times: int, answers: Counter[int]) -> None:
    """Send malformed requests on many connections concurrently, and count the answers by status."""
    lock = threading.Lock()

    def work(share: int) -> None:
        own = Counter(_send_once(port, MALFORMED[number % len(MALFORMED)]) for number in range(share))
        with lock:
            answers.update(own)

    at_once([partial(work, share) for share in shares(times)])


def _send_once(port: int, request: bytes) -> int:
    """The status; 0 if the connection was closed without an answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=15) as connection:
        with suppress(OSError):
            connection.sendall(request)
        answer = b""
        with suppress(OSError):
            answer = connection.recv(4_096)
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0


def _request(*headers: str, body: bytes = b"{}", first: str = f"POST {PATH} HTTP/1.1") -> bytes:
    lines = [first, "Host: akako", "Connection: close", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


_SIGNED = ("svix-id: msg_1", "svix-timestamp: 1764000000", "svix-signature: v1,AAAA")
MALFORMED = (
    _request(),
    _request(*_SIGNED),
    _request(*_SIGNED[:2], "svix-signature: v1,"),
    _request(*_SIGNED[:2], "svix-signature: ,,,  ,"),
    _request(*_SIGNED[:2], "svix-signature: v1,\xff\xfe"),
    _request(_SIGNED[0], "svix-timestamp: 1_7_6", _SIGNED[2]),
    _request(_SIGNED[0], "svix-timestamp: " + "9" * 400, _SIGNED[2]),
    _request("svix-id: " + "x" * 10_000, *_SIGNED[1:]),
    _request(*_SIGNED, body=b"\xff\x00" * 2_000),
    _request(*_SIGNED, body=b"[" * 50_000),
    _request("X-Long: " + "x" * 40_000),
    _request(first=f"PUT {PATH} HTTP/1.1"),
    _request(first="POST /nowhere HTTP/1.1"),
    b"no HTTP at all\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20,
)
