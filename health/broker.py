"""Checks whether Redis accepts messages, with a short timeout, on a separate connection and without retries."""

from collections.abc import Mapping
from typing import Any

import redis

from config.redis_url import RedisAddress
from health import redis_faults
from health.redis_faults import Fault, WrongServer

SILENCE_SECONDS = 1.0
PROBE = "probe"
PROBE_MILLISECONDS = 60_000
"""The expiry of the probe's key, so that it disappears when no process probes any more."""

_MODES = {"cluster": redis_faults.CLUSTER, "sentinel": redis_faults.SENTINEL}


class RedisUnavailable(Exception):
    """Redis does not accept messages."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"Redis {fault.reason}: {fault.next_step}")
        self.fault = fault


class Broker:
    """Checks whether Redis accepts messages, and whether messages wait there."""

    def __init__(self, address: RedisAddress) -> None:
        self._address = address
        self._redis = redis.Redis.from_url(
            address.url, socket_timeout=SILENCE_SECONDS, socket_connect_timeout=SILENCE_SECONDS
        )

    def takes_messages(self) -> bool:
        """True. Raises RedisUnavailable if a message could not be enqueued, for any reason."""
        self._probe()
        return True

    def holds(self, *queues: str) -> bool:
        """Whether messages wait in one of these queues, each a list with the queue's name. Raises RedisUnavailable."""
        (count,) = self._probe("EXISTS", *map(self._address.key, queues))
        return bool(count)

    def close(self) -> None:
        """Close the connection."""
        self._redis.close()

    def _probe(self, *command: str) -> list[Any]:
        try:
            return probe(self._redis, self._address, *command)
        except redis.RedisError as error:
            raise RedisUnavailable(redis_faults.explain(error)) from error


def probe(client: redis.Redis, address: RedisAddress, *command: str) -> list[Any]:
    """Check that a key can be written, as a message would be; returns the reply to `command`, if one is given.

    A read would not suffice, since a full Redis replies to it. Raises RedisError.
    """
    pipe = client.pipeline(transaction=False)
    pipe.execute_command("HELLO")  # type: ignore[no-untyped-call]
    pipe.execute_command("SET", address.key(PROBE), "", "PX", PROBE_MILLISECONDS)  # type: ignore[no-untyped-call]
    if command:
        pipe.execute_command(*command)  # type: ignore[no-untyped-call]
    greeting, *replies = pipe.execute(raise_on_error=False)
    if fault := _MODES.get(_mode(greeting)):
        raise WrongServer(fault)
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply
    return replies[1:]


def _mode(greeting: object) -> str:
    """The mode in the server's reply to HELLO: `standalone`, `cluster` or `sentinel`; empty if it has none."""
    if isinstance(greeting, list):
        greeting = dict(zip(greeting[::2], greeting[1::2], strict=False))
    mode = greeting.get(b"mode", b"") if isinstance(greeting, Mapping) else b""
    return mode.decode(errors="replace") if isinstance(mode, bytes) else str(mode)
