"""Kombu's way over Redis, with one client that is kept: to make one for each command costs more than the command."""

from typing import Any

import redis
from kombu.transport.redis import Channel, Transport


class _Channel(Channel):
    _kept: redis.Redis | None = None

    def _create_client(self, asynchronous: bool = False) -> Any:
        if asynchronous:
            return super()._create_client(asynchronous=True)  # type: ignore[misc]
        # The pool is another one after a connection was lost.
        if self._kept is None or self._kept.connection_pool is not self.pool:
            self._kept = super()._create_client()  # type: ignore[misc]
        return self._kept


class KeepingTransport(Transport):
    """As kombu's own in all else."""

    Channel = _Channel
