"""A proxy in front of Redis or PostgreSQL that can stop forwarding connections on which a certain command is sent."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from psycopg.conninfo import conninfo_to_dict


class Proxy:
    """Forwards everything until told to swallow a command: from then on, nothing of that connection is forwarded."""

    def __init__(self, listening: socket.socket, connect: Callable[[], socket.socket]) -> None:
        self._listening = listening
        self._connect = connect
        self._word: bytes | None = None
        self.swallowed = threading.Event()
        """Whether something was dropped so far."""
        self.connections = 0
        """The number of connections so far."""

    @property
    def url(self) -> str:
        """The URL of Redis behind it."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._listening.getsockname()[1])

    def swallow(self, word: bytes | None) -> None:
        """Drop this command, and all that its connection sends after it; None drops nothing."""
        self._word = word

    def serve(self) -> None:
        """Forward until the socket is closed."""
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self.connections += 1
                server = self._connect()
                for work in ((self._ask, client, server), (_hand_on, server, client)):
                    threading.Thread(target=work[0], args=work[1:], daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        swallowing = False
        with client, server, suppress(OSError):
            while said := client.recv(65_536):
                swallowing = swallowing or bool(self._word and self._word in said)
                if swallowing:
                    self.swallowed.set()
                else:
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
    address = (parts.hostname or "127.0.0.1", parts.port or 6379)
    with _before(lambda: socket.create_connection(address)) as made:
        yield made


@contextmanager
def postgresql_proxy(url: str) -> Iterator[tuple[Proxy, str]]:
    """A proxy before this PostgreSQL, which listens on a Unix socket, and the URL of the database behind the proxy."""
    given = conninfo_to_dict(url)

    def connect() -> socket.socket:
        opened = socket.socket(socket.AF_UNIX)
        opened.connect(f"{given['host']}/.s.PGSQL.{given.get('port', 5432)}")
        return opened

    with _before(connect) as made:
        yield made, f"postgresql://{given['user']}@127.0.0.1:{made.port}/{given['dbname']}?sslmode=disable"


@contextmanager
def _before(connect: Callable[[], socket.socket]) -> Iterator[Proxy]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        made = Proxy(listening, connect)
        threading.Thread(target=made.serve, daemon=True).start()
        yield made
