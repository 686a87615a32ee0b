"""Whether Redis takes messages: asked briefly, on a connection of its own, and never asked twice."""

from collections.abc import Mapping
from typing import Any

import redis

from config.redis_url import RedisAddress
from health import redis_faults
from health.redis_faults import Fault, WrongServer

SILENCE_SECONDS = 1.0
PROBE = "probe"
PROBE_MILLISECONDS = 60_000
"""After so long the probe's key is gone, if nobody looks any more."""

_MODES = {"cluster": redis_faults.CLUSTER, "sentinel": redis_faults.SENTINEL}


class RedisUnavailable(Exception):
    """Redis takes no messages."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"Redis {fault.reason}: {fault.next_step}")
        self.fault = fault


class Broker:
    """Whether Redis takes messages, and whether messages wait there."""

    def __init__(self, address: RedisAddress) -> None:
        self._address = address
        self._redis = redis.Redis.from_url(
            address.url, socket_timeout=SILENCE_SECONDS, socket_connect_timeout=SILENCE_SECONDS
        )

    def takes_messages(self) -> bool:
        """True; raises Away if a message could not be put there, whatever the reason."""
        self._ask()
        return True

    def holds(self, *queues: str) -> bool:
        """Whether messages wait in one of these queues: Celery keeps each as a list of its name. Raises Away."""
        (count,) = self._ask("EXISTS", *map(self._address.key, queues))
        return bool(count)

    def close(self) -> None:
        """Give back the connection."""
        self._redis.close()

    def _ask(self, *question: str) -> list[Any]:
        try:
            return probe(self._redis, self._address, *question)
        except redis.RedisError as error:
            raise RedisUnavailable(redis_faults.explain(error)) from error


def probe(client: redis.Redis, address: RedisAddress, *question: str) -> list[Any]:
    """Check that a key can be written, as a message would be; the answer to a further command, if one is given.

    Reading proves nothing: a full Redis answers. Raises RedisError.
    """
    pipe = client.pipeline(transaction=False)
    pipe.execute_command("HELLO")  # type: ignore[no-untyped-call]
    pipe.execute_command("SET", address.key(PROBE), "", "PX", PROBE_MILLISECONDS)  # type: ignore[no-untyped-call]
    if question:
        pipe.execute_command(*question)  # type: ignore[no-untyped-call]
    greeting, *answers = pipe.execute(raise_on_error=False)
    if fault := _MODES.get(_mode(greeting)):
        raise WrongServer(fault)
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers[1:]


def _mode(greeting: object) -> str:
    """How the server says that it works: `standalone`, `cluster` or `sentinel`; nothing from one that does not say."""
    if isinstance(greeting, list):
        greeting = dict(zip(greeting[::2], greeting[1::2], strict=False))
    mode = greeting.get(b"mode", b"") if isinstance(greeting, Mapping) else b""
    return mode.decode(errors="replace") if isinstance(mode, bytes) else str(mode)
