"""Kombu's Redis transport with one persistent client per channel, which refuses messages that are not Akako Sync's.

The client is reused because creating one for each command costs more than the command.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import redis
from kombu.transport.redis import Channel, QoS, Transport

from akako_guard.log import RateLimitedLog
from config.rate_limited_log import rate_limited
from config.redis_url import RedisAddress
from health import redis_faults
from health.broker import probe
from sync import admission
from sync.admission import MessageRefused

_MESSAGES = (b"message", b"pmessage")


class _QoS(QoS):
    def restore_by_tag(self, tag: Any, client: Any = None, leftmost: bool = False) -> None:
        """Put an unacknowledged message back into its queue; remove it if it is malformed or too large."""
        with self.channel.conn_or_acquire(client) as connection:  # type: ignore[attr-defined]
            # Kombu's client prefixes keys only in the commands that kombu uses, and HSTRLEN is not one of them.
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
    _persistent: redis.Redis | None = None

    def _create_client(self, asynchronous: bool = False) -> Any:
        if asynchronous:
            client = super()._create_client(asynchronous=True)  # type: ignore[misc]
            client.parse_response = _validating(client.parse_response)
            return client
        # After a lost connection, the channel has a new pool.
        if self._persistent is None or self._persistent.connection_pool is not self.pool:
            self._persistent = super()._create_client()  # type: ignore[misc]
        return self._persistent

    @cached_property
    def client(self) -> Any:
        """The client that consumes messages. Raises ConnectionError if Redis accepts none, so that the worker retries.

        Kombu itself only pings, and a worker that cannot write afterwards would exit.
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
        """The subscription to Celery's remote control; its messages are dropped, since no command is used."""
        subscription = super()._create_client(asynchronous=True).pubsub()  # type: ignore[misc]
        subscription.parse_response = _without_messages(subscription.parse_response)
        return subscription


class PersistentTransport(Transport):
    """Kombu's Redis transport with these changes."""

    Channel = _Channel
    # Redis refuses commands while it is full, read-only or cannot save; with kombu's own list, that ends the worker.
    connection_errors = (*Transport.connection_errors, redis.ResponseError)


def _validating(parse: Callable[..., Any]) -> Callable[..., Any]:
    def parse_response(connection: Any, command: str, **options: Any) -> Any:
        response = parse(connection, command, **options)
        if command != "BRPOP" or not response:
            return response
        queue, raw = response
        try:
            return queue, admission.rebuild(raw)
        except MessageRefused as error:
            _note(error.reason)
            return None

    return parse_response


def _without_messages(parse: Callable[..., Any]) -> Callable[..., Any]:
    def parse_response(*args: Any, **options: Any) -> Any:
        response = parse(*args, **options)
        if isinstance(response, list) and response and response[0] in _MESSAGES:
            _note("remote_control")
            return None
        return response

    return parse_response


_refusals: list[RateLimitedLog] = []


def _note(reason: str) -> None:
    if not _refusals:
        # Imported here, since only workers refuse messages: a process that only publishes does not export this metric.
        from sync.metrics import REFUSED

        _refusals.append(rate_limited("message.refused", REFUSED))
    _refusals[0].note(
        reason, next_step="find out which other clients write to this Redis, and set a password for Redis"
    )
