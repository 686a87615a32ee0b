"""A wire between a process and a server that can be cut at a chosen message, the process dying with it."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

Connect = Callable[[], socket.socket]


class CutProxy:
    """Hands on what passes, and counts it; at the moment that was chosen it kills, and hands on nothing more.

    A moment is a message on its way to the server, or the server's answer to one. So each moment is a boundary: before
    the server did it, and after it did it without the process knowing.
    """

    def __init__(self, connect: Connect, watched: Callable[[bytes], bool] = lambda _: True) -> None:
        self._connect = connect
        self._watched = watched
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._left = 0
        self._kill: Callable[[], None] = lambda: None
        self.cut = threading.Event()
        self.cut_at = 0.0
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens on the loopback."""
        return int(self._listening.getsockname()[1])

    def arm(self, moment: int, kill: Callable[[], None]) -> None:
        """Kill at this moment, counted from now; the first is 1."""
        with self._lock:
            self.cut.clear()
            self._left, self._kill = moment, kill

    def disarm(self) -> None:
        """Let everything pass."""
        with self._lock:
            self._left = 0

    def close(self) -> None:
        """Listen no more."""
        self._listening.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        try:
            far = self._connect()
        except OSError:
            near.close()
            return
        asked = threading.Event()
        threading.Thread(target=self._answers, args=(far, near, asked), daemon=True).start()
        self._asks(near, far, asked)

    def _asks(self, near: socket.socket, far: socket.socket, asked: threading.Event) -> None:
        for piece in _pieces(near):
            if self._watched(piece):
                asked.set()
                if self._is_now():
                    break
            if not _pass(far, piece):
                break
        _end(near, far)

    def _answers(self, far: socket.socket, near: socket.socket, asked: threading.Event) -> None:
        for piece in _pieces(far):
            if asked.is_set():
                asked.clear()
                if self._is_now():
                    break
            if not _pass(near, piece):
                break
        _end(near, far)

    def _is_now(self) -> bool:
        with self._lock:
            if not self._left:
                return False
            self._left -= 1
            if self._left:
                return False
            self._kill()
            self.cut_at = time.time()
            self.cut.set()
            return True


def _pieces(source: socket.socket) -> Iterator[bytes]:
    with suppress(OSError):
        while piece := source.recv(262_144):
            yield piece


def _pass(sink: socket.socket, piece: bytes) -> bool:
    with suppress(OSError):
        sink.sendall(piece)
        return True
    return False


def _end(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
