"""Validates messages from Redis, and rebuilds them from the parts that Akako Sync's own messages have. Pure.

Otherwise a client with write access to Redis could send a message that decompresses to gigabytes, starts other tasks
(Celery's callbacks and chains), sets its own time limits, or occupies the worker's memory until a distant ETA.
"""

import base64
import binascii
import json
from typing import Any

from sync.broker import TASKS

LONGEST_BYTES = 1_048_576
"""The maximum size of a message. The largest valid one, 1,000 svix ids of 255 characters, has about 350,000 bytes."""
MOST_EVENTS = 1_000
LONGEST_ID = 255

_EMBEDDED: dict[str, None] = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


class MessageRefused(Exception):
    """Akako Sync did not send this message. It was removed from Redis; the sweep enqueues any events in it again.

    Find out which other clients can write to this Redis.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def rebuild(raw: bytes) -> bytes:
    """The validated message, rebuilt. Raises MessageRefused; too large or compressed messages are not decoded."""
    if len(raw) > LONGEST_BYTES:
        raise MessageRefused("too_large")
    message = _object(_json(raw))
    headers, properties = _object(message.get("headers")), _object(message.get("properties"))
    delivery = _object(properties.get("delivery_info"))
    if headers.get("compression") is not None:
        raise MessageRefused("compressed")
    task = headers.get("task")
    if not isinstance(task, str) or task not in TASKS:
        raise MessageRefused("unknown_task")
    if properties.get("body_encoding") != "base64" or message.get("content-type") != "application/json":
        raise MessageRefused("unknown_encoding")
    body = [_arguments(task, message.get("body")), {}, _EMBEDDED]
    task_id = _text(headers.get("id"))
    rebuilt = {
        "body": base64.b64encode(json.dumps(body).encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {
            "lang": "py",
            "task": task,
            "id": task_id,
            "root_id": task_id,
            "parent_id": None,
            "group": None,
            "retries": 0,
            "timelimit": [None, None],
            "eta": None,
            "expires": None if headers.get("expires") is None else _text(headers["expires"]),
            "ignore_result": True,
            "redelivered": delivery.get("redelivered") is True,
        },
        "properties": {
            "correlation_id": task_id,
            "delivery_mode": 2,
            "delivery_info": {
                "exchange": "",
                "routing_key": _text(delivery.get("routing_key")),
                "redelivered": delivery.get("redelivered") is True,
            },
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": _text(properties.get("delivery_tag")),
        },
    }
    return json.dumps(rebuilt).encode()


def _arguments(task: str, body: object) -> list[list[str]]:
    try:
        value = _json(base64.b64decode(body, validate=True)) if isinstance(body, str) else None
    except binascii.Error as error:
        raise MessageRefused("malformed") from error
    arguments = value[0] if isinstance(value, list) and value else None
    if not isinstance(arguments, list) or len(arguments) != TASKS[task]:
        raise MessageRefused("unknown_arguments")
    return [_ids(argument) for argument in arguments]


def _ids(argument: object) -> list[str]:
    if not isinstance(argument, list) or len(argument) > MOST_EVENTS:
        raise MessageRefused("unknown_arguments")
    return [_text(svix_id) for svix_id in argument]


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise MessageRefused("malformed") from error


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise MessageRefused("malformed")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_ID:
        raise MessageRefused("malformed")
    return value
