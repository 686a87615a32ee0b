"""A proxy in front of Redis that can stop forwarding connections on which a certain command is sent."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


class Proxy:
    """Forwards everything until told to swallow a command: from then on, nothing of that connection is forwarded."""

    def __init__(self, listening: socket.socket, upstream: tuple[str, int]) -> None:
        self._listening = listening
        self._upstream = upstream
        self._word: bytes | None = None
        self.connections = 0
        """The number of connections so far."""

    @property
    def url(self) -> str:
        """The URL that it listens on."""
        return f"redis://127.0.0.1:{self._listening.getsockname()[1]}/0"

    def swallow(self, word: bytes | None) -> None:
        """Drop this command, and all that its connection sends after it; None drops nothing."""
        self._word = word

    def serve(self) -> None:
        """Forward until the socket is closed."""
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self.connections += 1
                server = socket.create_connection(self._upstream)
                for work in ((self._ask, client, server), (_hand_on, server, client)):
                    threading.Thread(target=work[0], args=work[1:], daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        swallowing = False
        with client, server, suppress(OSError):
            while said := client.recv(65_536):
                swallowing = swallowing or bool(self._word and self._word in said)
                if not swallowing:
                    server.sendall(said)


def _hand_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while said := source.recv(65_536):
            sink.sendall(said)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxy(redis_url: str) -> Iterator[Proxy]:
    """A proxy before this Redis, as long as the block runs."""
    parts = urlsplit(redis_url)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        made = Proxy(listening, (parts.hostname or "127.0.0.1", parts.port or 6379))
        threading.Thread(target=made.serve, daemon=True).start()
        yield made
