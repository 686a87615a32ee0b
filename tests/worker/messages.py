"""Celery's messages as they lie in Redis."""

import base64
import json
from typing import Any

import redis

from config.redis_url import KEY_PREFIX
from sync import broker

EVENTS_KEY = KEY_PREFIX + broker.EVENTS
"""The list in Redis that Celery keeps the queue of events in."""


def messages(raw: redis.Redis) -> list[dict[str, Any]]:
    """The messages in the queue of events, the oldest first."""
    waiting: list[bytes] = raw.lrange(EVENTS_KEY, 0, -1)  # type: ignore[assignment]
    return [json.loads(message) for message in reversed(waiting)]


def bodies(raw: redis.Redis) -> list[Any]:
    """What the messages carry."""
    return [json.loads(base64.b64decode(message["body"])) for message in messages(raw)]


def sets(raw: redis.Redis) -> list[list[str]]:
    """The ids that each message names."""
    return [args[0] for (args, _, _) in bodies(raw)]


def enqueued(raw: redis.Redis) -> list[str]:
    """The ids that the messages name, in their order."""
    return [svix_id for named in sets(raw) for svix_id in named]
