"""Which messages a worker takes from Redis: ours, rebuilt, and nothing else."""

import base64
import bz2
import json
from typing import Any

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from sync import admission
from sync.admission import MessageRefused, rebuild
from sync.enqueue import Queue
from tests.worker.messages import EVENTS_KEY, sets


def encoded(body: object) -> str:
    """A body as Celery writes it."""
    return base64.b64encode(json.dumps(body).encode()).decode()


def message(**changes: Any) -> dict[str, Any]:
    """A message as we send it; what is given replaces parts of it, headers and properties one by one."""
    made: dict[str, Any] = {
        "body": encoded([[["msg_1"]], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"task": "apply_events", "id": "task_1", "expires": None},
        "properties": {
            "delivery_info": {"exchange": "", "routing_key": "events"},
            "delivery_tag": "tag_1",
            "body_encoding": "base64",
        },
    }
    for name, value in changes.items():
        for part in ("headers", "properties"):
            if name in made[part] or name == "compression":
                made[part] = {**made[part], name: value}
                break
        else:
            made[name.replace("_", "-")] = value
    return made


def refusal(raw: bytes) -> str:
    """Why it is not taken."""
    with pytest.raises(MessageRefused) as refused:
        rebuild(raw)
    return refused.value.reason


def test_what_a_publisher_of_ours_sends_is_taken_whole(queue: Queue, raw: redis.Redis) -> None:
    queue.put(["msg_1", "msg_2", "msg_3"])
    sent: bytes = raw.lindex(EVENTS_KEY, 0)  # type: ignore[assignment]
    raw.delete(EVENTS_KEY)
    raw.lpush(EVENTS_KEY, rebuild(sent))
    assert sets(raw) == [["msg_1", "msg_2", "msg_3"]]
    rebuilt, before = json.loads(rebuild(sent)), json.loads(sent)
    for path in (("headers", "id"), ("headers", "task"), ("properties", "delivery_tag"), ("headers", "expires")):
        assert rebuilt[path[0]][path[1]] == before[path[0]][path[1]]


def test_the_largest_set_that_can_be_configured_is_taken() -> None:
    ids = [f"{number:0255}" for number in range(admission.MOST_EVENTS)]
    taken = json.loads(rebuild(json.dumps(message(body=encoded([[ids], {}, {}]))).encode()))
    assert json.loads(base64.b64decode(taken["body"]))[0] == [ids]


def test_nothing_but_ids_and_what_a_worker_needs_is_taken_on() -> None:
    told = message(body=encoded([[["msg_1"]], {"extra": 1}, {"callbacks": [{"task": "evil"}], "chain": [1]}]))
    told["headers"] |= {"eta": "9999-01-01T00:00:00", "timelimit": [9e9, 9e9], "retries": 5, "stamps": {"a": 1}}
    taken = json.loads(rebuild(json.dumps(told).encode()))
    assert json.loads(base64.b64decode(taken["body"])) == [
        [["msg_1"]],
        {},
        {"callbacks": None, "errbacks": None, "chain": None, "chord": None},
    ]
    headers = taken["headers"]
    assert (headers["eta"], headers["timelimit"], headers["retries"], "stamps" in headers) == (
        None,
        [None, None],
        0,
        False,
    )


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (message(compression="application/x-bz2", body=base64.b64encode(bz2.compress(b"[]")).decode()), "compressed"),
        (message(compression="gzip"), "compressed"),
        (message(task="celery.chord_unlock"), "unknown_task"),
        (message(task=["apply_events"]), "unknown_task"),
        (message(task=None), "unknown_task"),
        (message(task="sweep"), "unknown_arguments"),
        (message(body=encoded([[], {}, {}])), "unknown_arguments"),
        (message(body=encoded([["msg_1"], {}, {}])), "unknown_arguments"),
        (message(body=encoded([[["msg_1"] * 1_001], {}, {}])), "unknown_arguments"),
        (message(body=encoded({"args": []})), "unknown_arguments"),
        (message(body=encoded([[[7]], {}, {}])), "malformed"),
        (message(body=encoded([[["x" * 256]], {}, {}])), "malformed"),
        (message(body="not base64"), "malformed"),
        (message(body=None), "unknown_arguments"),
        (message(content_type="application/x-python-serialize"), "unknown_encoding"),
        (message(body_encoding=None), "unknown_encoding"),
        (message(delivery_tag=7), "malformed"),
        (message(delivery_info=None), "malformed"),
        (message(headers=None), "malformed"),
        (message(properties=[]), "malformed"),
        (message(id={}), "malformed"),
        (message(expires=5), "malformed"),
        ([], "malformed"),
        (None, "malformed"),
    ],
    ids=str,
)
def test_what_is_none_of_ours_is_not_taken(told: object, reason: str) -> None:
    assert refusal(json.dumps(told).encode()) == reason


@pytest.mark.parametrize("raw", [b"", b"\xff", b"{", b"[" * 500_000], ids=lambda raw: str(raw[:4]))
def test_what_is_no_json_is_not_taken(raw: bytes) -> None:
    assert refusal(raw) == "malformed"


def test_what_is_too_large_is_not_even_parsed() -> None:
    assert refusal(b"x" * (admission.LONGEST_BYTES + 1)) == "too_large"


@given(raw=st.binary() | st.recursive(st.none() | st.text(), lambda inner: st.dictionaries(st.text(), inner)).map(
    lambda value: json.dumps(value).encode()
))  # fmt: skip
def test_whatever_lies_in_redis_is_taken_or_refused(raw: bytes) -> None:
    with pytest.raises(MessageRefused):
        rebuild(raw)
