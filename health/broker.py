"""Redis as who looks at it sees it: asked briefly, on a connection of its own, and never asked twice."""

import redis

SILENCE_SECONDS = 1.0


class RedisUnavailable(Exception):
    """Redis does not answer."""


class Broker:
    """Whether Redis answers, and whether messages wait there."""

    def __init__(self, redis_url: str) -> None:
        self._redis = redis.Redis.from_url(
            redis_url, socket_timeout=SILENCE_SECONDS, socket_connect_timeout=SILENCE_SECONDS
        )

    def answers(self) -> bool:
        """True; raises Away."""
        try:
            return bool(self._redis.ping())
        except redis.RedisError as error:
            raise RedisUnavailable from error

    def holds(self, *queues: str) -> bool:
        """Whether messages wait in one of these queues: Celery keeps each as a list of its name. Raises Away."""
        try:
            return bool(self._redis.exists(*queues))
        except redis.RedisError as error:
            raise RedisUnavailable from error

    def close(self) -> None:
        """Give back the connection."""
        self._redis.close()
