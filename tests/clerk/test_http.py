"""Connections to Clerk: through the proxy that the environment names, and never one that was idle for long."""

import socket
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from akako_guard.answers import Incomplete
from clerk import http
from clerk.http import ClerkUnavailable, Connection, Response
from tests.local_server import Answer, serving
from tests.tls import self_signed

SECONDS = 5.0


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def get(connection: Connection, **limits: float) -> Response:
    """The response to one request."""
    named = {"step": SECONDS, "deadline": time.monotonic() + SECONDS} | limits
    return connection.send("GET", "users", step=named["step"], deadline=named["deadline"], most=1_000)


@contextmanager
def tunnel() -> Iterator[tuple[int, list[bytes]]]:
    """A proxy that reads one request, and answers 502: its port, and what it read."""
    read = list[bytes]()

    def answer(listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                with client:
                    read.append(client.recv(65_536))
                    client.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")

    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        threading.Thread(target=answer, args=(listening,), daemon=True).start()
        yield listening.getsockname()[1], read
        listening.shutdown(socket.SHUT_RDWR)


def test_https_goes_through_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with tunnel() as (port, read):
        monkeypatch.setenv("HTTPS_PROXY", f"http://akako:p%40ss@127.0.0.1:{port}")
        with pytest.raises(ClerkUnavailable, match="the proxy of HTTPS_PROXY did not connect") as unavailable:
            get(Connection("sk_test_secret", "https://api.clerk.example"))
    assert read[0].startswith(b"CONNECT api.clerk.example:443 ")
    assert b64encode(b"akako:p@ss") in read[0]
    assert b"sk_test_secret" not in b"".join(read)
    assert unavailable.value.transient


def test_no_proxy_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(Answer(b"[]")) as clerk:
        assert get(Connection("sk_test_secret", clerk.url)).value == []


def test_a_connection_is_used_again_unless_it_was_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    accepted = 0

    def answer(client: socket.socket) -> None:
        with client:
            while client.recv(65_536):
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")

    def accept(listening: socket.socket) -> None:
        nonlocal accepted
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                accepted += 1
                threading.Thread(target=answer, args=(client,), daemon=True).start()

    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        threading.Thread(target=accept, args=(listening,), daemon=True).start()
        connection = Connection("sk_test_secret", f"http://127.0.0.1:{listening.getsockname()[1]}")
        get(connection)
        get(connection)
        assert accepted == 1
        monkeypatch.setattr(http, "LONGEST_IDLE_SECONDS", 0.0)
        get(connection)
        assert accepted == 2
        connection.close()
        listening.shutdown(socket.SHUT_RDWR)


def test_a_response_that_is_too_large_or_too_slow_is_incomplete() -> None:
    with serving(Answer(b"a" * 1_001)) as clerk:
        connection = Connection("sk_test_secret", clerk.url)
        with pytest.raises(Incomplete):
            get(connection)
        with pytest.raises(Incomplete):
            get(connection, deadline=time.monotonic())


def test_a_response_that_ends_early_is_not_a_response() -> None:
    with (
        serving(Answer(b"[", headers={"Content-Length": "2", "Connection": "close"})) as clerk,
        pytest.raises(ClerkUnavailable, match=r"the connection was closed|no answer in time"),
    ):
        get(Connection("sk_test_secret", clerk.url), step=1.0)


def test_a_certificate_that_is_not_trusted_is_named(tmp_path: Path) -> None:
    context = self_signed(tmp_path).context()
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        url = f"https://127.0.0.1:{listening.getsockname()[1]}"

        def shake() -> None:
            with suppress(OSError):
                context.wrap_socket(listening.accept()[0], server_side=True).close()

        threading.Thread(target=shake, daemon=True).start()
        with pytest.raises(ClerkUnavailable, match="certificate"):
            get(Connection("sk_test_secret", url))
