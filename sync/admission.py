"""Decides which messages from Redis a worker takes, and rebuilds them from the few parts that ours have. Pure.

Whoever can write to Redis could otherwise send a message that decompresses to gigabytes, starts other tasks (Celery's
callbacks and chains), sets its own time limits, or waits in the worker's memory for a distant time.
"""

import base64
import binascii
import json
from typing import Any

from sync.broker import TASKS

LONGEST_BYTES = 1_048_576
"""Of one message. The largest of ours, 1,000 svix ids of 255 characters, has about 350,000."""
MOST_EVENTS = 1_000
LONGEST_ID = 255

_EMBEDDED: dict[str, None] = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


class MessageRefused(Exception):
    """A message that is none of ours. It was removed from Redis; if it named events, the sweep finds them again.

    Find out who else can write to this Redis.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def admitted(raw: bytes) -> bytes:
    """The message, rebuilt. Raises Inadmissible, without parsing or decompressing what is too large or compressed."""
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
        said = _json(base64.b64decode(body, validate=True)) if isinstance(body, str) else None
    except binascii.Error as error:
        raise MessageRefused("malformed") from error
    arguments = said[0] if isinstance(said, list) and said else None
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
