"""A proxy between a process and a server that kills the process at a chosen message and cuts the connection."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

Connect = Callable[[], socket.socket]


class CutProxy:
    """Forwards and counts messages; at the chosen moment it kills the process and forwards nothing more.

    A moment is a message to the server, or the server's answer to one. So each moment is a boundary: before the server
    has done it, or after it has done it but before the process is informed.
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
        """The port on the loopback interface."""
        return int(self._listening.getsockname()[1])

    def arm(self, moment: int, kill: Callable[[], None]) -> None:
        """Kill at this moment, counted from now; the first is 1."""
        with self._lock:
            self.cut.clear()
            self._left, self._kill = moment, kill

    def disarm(self) -> None:
        """Forward everything."""
        with self._lock:
            self._left = 0

    def close(self) -> None:
        """Stop listening."""
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
        pending = threading.Event()
        threading.Thread(target=self._answers, args=(far, near, pending), daemon=True).start()
        self._requests(near, far, pending)

    def _requests(self, near: socket.socket, far: socket.socket, pending: threading.Event) -> None:
        for piece in _pieces(near):
            if self._watched(piece):
                pending.set()
                if self._is_now():
                    break
            if not _forward(far, piece):
                break
        _end(near, far)

    def _answers(self, far: socket.socket, near: socket.socket, pending: threading.Event) -> None:
        for piece in _pieces(far):
            if pending.is_set():
                pending.clear()
                if self._is_now():
                    break
            if not _forward(near, piece):
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


def _forward(sink: socket.socket, piece: bytes) -> bool:
    with suppress(OSError):
        sink.sendall(piece)
        return True
    return False


def _end(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
