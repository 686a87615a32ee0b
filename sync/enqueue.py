"""Sends Celery the ids of events to apply: the only door of the worker that receivers use. Ids, never payloads."""

from collections.abc import Sequence

import redis

from config.redis_url import RedisAddress
from health.broker import probe
from sync import broker

MOST_MESSAGES = 10_000


class Queue:
    """The queue of events. Its loss costs seconds: whatever is due is found and sent again by the sweep."""

    def __init__(self, address: RedisAddress, set_size: int) -> None:
        self._celery = broker.publisher(address)
        self._redis = redis.Redis.from_url(address.url, socket_timeout=2, socket_connect_timeout=1)
        self._address = address
        self._key = address.key(broker.EVENTS)
        self._set_size = set_size
        self._waiting = MOST_MESSAGES
        """When it was last asked; before that, as if there were no room."""

    def put(self, svix_ids: Sequence[str]) -> int:
        """Ask the workers to apply these events; how many messages wait then: none, if a worker took them at once.
        Raises what Celery and redis-py raise if Redis cannot be reached.

        Does nothing while very many messages wait already: the queue of events stays small however long no worker runs.
        """
        if self._waiting >= MOST_MESSAGES:
            self._waiting = self.length()
        if self._waiting < MOST_MESSAGES:
            self._send(svix_ids)
            self._waiting = self._length_now()
        return self._waiting

    def check(self) -> None:
        """Raise RedisError if Redis takes no messages."""
        probe(self._redis, self._address)

    def _length_now(self) -> int:
        """How many messages wait; as many as can be, if that cannot be asked: what was sent before is sent."""
        try:
            return self.length()
        except redis.RedisError:
            return MOST_MESSAGES

    def _send(self, svix_ids: Sequence[str]) -> None:
        for start in range(0, len(svix_ids), self._set_size):
            ids = list(svix_ids[start : start + self._set_size])
            self._celery.send_task(broker.APPLY_EVENTS, args=(ids,), queue=broker.EVENTS)

    def length(self) -> int:
        """How many messages wait. Celery on Redis keeps a queue as a list of its name."""
        return int(self._redis.llen(self._key))

    def close(self) -> None:
        """Give back the connections."""
        self._redis.close()
        self._celery.close()
