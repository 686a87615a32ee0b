"""Enqueues Celery messages with the ids of events to apply, never payloads; all that the receiver uses of `sync`."""

from collections.abc import Sequence

import redis

from config.redis_url import RedisAddress
from health.broker import probe
from sync import broker

MOST_MESSAGES = 10_000


class Queue:
    """The queue of events. A lost message delays its events by seconds, until the sweep enqueues them again."""

    def __init__(self, address: RedisAddress, set_size: int) -> None:
        self._celery = broker.publisher(address)
        self._redis = redis.Redis.from_url(address.url, socket_timeout=2, socket_connect_timeout=1)
        self._address = address
        self._key = address.key(broker.EVENTS)
        self._set_size = set_size
        self._waiting = MOST_MESSAGES
        """The length of the queue as last read; initially the maximum, so that it is read before the first message."""

    def put(self, svix_ids: Sequence[str]) -> int:
        """Enqueue these events; returns the number of messages that wait afterwards.

        Sends nothing while `MOST_MESSAGES` wait already, so that the queue stays small while no worker runs. Raises the
        errors of Celery and redis-py if Redis cannot be reached.
        """
        if self._waiting >= MOST_MESSAGES:
            self._waiting = self.length()
        if self._waiting < MOST_MESSAGES:
            self._send(svix_ids)
            self._waiting = self._length_now()
        return self._waiting

    def check(self) -> None:
        """Raise RedisError if Redis does not accept messages."""
        probe(self._redis, self._address)

    def _length_now(self) -> int:
        """The number of messages that wait; the maximum if it cannot be read, since the messages are sent already."""
        try:
            return self.length()
        except redis.RedisError:
            return MOST_MESSAGES

    def _send(self, svix_ids: Sequence[str]) -> None:
        for start in range(0, len(svix_ids), self._set_size):
            ids = list(svix_ids[start : start + self._set_size])
            self._celery.send_task(broker.APPLY_EVENTS, args=(ids,), queue=broker.EVENTS)

    def length(self) -> int:
        """The number of messages that wait. On Redis, Celery stores a queue as a list with the queue's name."""
        return int(self._redis.llen(self._key))

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()
        self._celery.close()
