"""Kombu's Redis transport with one kept client per channel, that admits only messages of ours.

One client is kept because making one for each command costs more than the command.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import redis
from kombu.transport.redis import Channel, QoS, Transport

from config.rate_limited_log import RateLimitedLog
from config.redis_url import RedisAddress
from health import redis_faults
from health.broker import probe
from sync import admission
from sync.admission import MessageRefused

_MESSAGES = (b"message", b"pmessage")


class _QoS(QoS):
    def restore_by_tag(self, tag: Any, client: Any = None, leftmost: bool = False) -> None:
        """Put a message that was taken and not finished back into its queue; remove it if it is none of ours."""
        with self.channel.conn_or_acquire(client) as connection:  # type: ignore[attr-defined]
            # Kombu's client adds the prefix to the commands that kombu uses, and HSTRLEN is none of them.
            key = self.channel.global_keyprefix + self.unacked_key  # type: ignore[attr-defined]
            if connection.hstrlen(key, tag) <= 2 * admission.LONGEST_BYTES:
                try:
                    super().restore_by_tag(tag, client, leftmost)
                    return
                except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
                    _note("malformed")
            else:
                _note("too_large")
            connection.hdel(self.unacked_key, tag)
            connection.zrem(self.unacked_index_key, tag)


class _Channel(Channel):
    QoS = _QoS
    _kept: redis.Redis | None = None

    def _create_client(self, asynchronous: bool = False) -> Any:
        if asynchronous:
            client = super()._create_client(asynchronous=True)  # type: ignore[misc]
            client.parse_response = _admitting(client.parse_response)
            return client
        # The pool is another one after a connection was lost.
        if self._kept is None or self._kept.connection_pool is not self.pool:
            self._kept = super()._create_client()  # type: ignore[misc]
        return self._kept

    @cached_property
    def client(self) -> Any:
        """The client that takes messages. Raises ConnectionError if Redis takes none, so that the worker tries again.

        Kombu itself only pings, and a worker that then cannot write would end.
        """
        made = self._create_client(asynchronous=True)
        try:
            probe(redis.Redis(connection_pool=self.pool), RedisAddress("", self.global_keyprefix))
        except redis.RedisError as error:
            fault = redis_faults.explain(error)
            raise redis.ConnectionError(f"Redis {fault.reason}; {fault.next_step}") from error
        return made

    @cached_property
    def subclient(self) -> Any:
        """The subscription to Celery's remote control, which stays silent: no command is needed, and none is obeyed."""
        subscription = super()._create_client(asynchronous=True).pubsub()  # type: ignore[misc]
        subscription.parse_response = _without_messages(subscription.parse_response)
        return subscription


class PersistentTransport(Transport):
    """As kombu's own in all else."""

    Channel = _Channel
    # Redis refuses a command when it is full, read-only or cannot save: kombu would let that end the worker.
    connection_errors = (*Transport.connection_errors, redis.ResponseError)


def _admitting(parse: Callable[..., Any]) -> Callable[..., Any]:
    def parse_response(connection: Any, command: str, **options: Any) -> Any:
        response = parse(connection, command, **options)
        if command != "BRPOP" or not response:
            return response
        queue, raw = response
        try:
            return queue, admission.admitted(raw)
        except MessageRefused as error:
            _note(error.reason)
            return None

    return parse_response


def _without_messages(parse: Callable[..., Any]) -> Callable[..., Any]:
    def parse_response(*given: Any, **named: Any) -> Any:
        response = parse(*given, **named)
        if isinstance(response, list) and response and response[0] in _MESSAGES:
            _note("remote_control")
            return None
        return response

    return parse_response


_tally: list[RateLimitedLog] = []


def _note(reason: str) -> None:
    if not _tally:
        # Only workers come here: a process that only publishes exports no such count.
        from sync.metrics import REFUSED

        _tally.append(RateLimitedLog("message.refused", REFUSED))
    _tally[0].note(reason, next_step="find out who else writes to this Redis, and give Redis a password")
