"""An unavailable or unresponsive Redis delays no response."""

import base64
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
import redis

from config.redis_url import RedisAddress
from sync.enqueue import Queue
from tests.clerk_sender import Clerk
from tests.dev.groups import until
from tests.webhooks.conftest import StartReceiver
from tests.webhooks.receiver_process import ReceiverProcess
from tests.worker.messages import EVENTS_KEY

pytestmark = pytest.mark.recovery


@contextmanager
def silent() -> Iterator[str]:
    """The URL of a server that accepts connections and never responds."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@contextmanager
def refusing() -> Iterator[str]:
    """The URL of a port that refuses connections."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"redis://127.0.0.1:{bound.getsockname()[1]}/0"


@pytest.mark.parametrize("unavailable", [silent, refusing])
def test_responses_do_not_wait_for_redis(
    start_receiver: StartReceiver, clerk: Clerk, unavailable: Callable[[], AbstractContextManager[str]]
) -> None:
    with unavailable() as url, start_receiver(redis_url=url) as receiver:
        answers = [receiver.deliver(clerk.created(f"user_{number}")) for number in range(10)]
        until(lambda: "queue_unavailable" in receiver.reasons())
    assert {answer.status_code for answer in answers} == {202}
    assert max(answer.elapsed.total_seconds() for answer in answers) < 1
    assert receiver.process.code == 0


def test_an_unresponsive_redis_blocks_a_message_until_its_timeout() -> None:
    with silent() as url, pytest.raises(redis.RedisError, match=r"[Tt]imeout"):
        Queue(RedisAddress(url), 200).put(["msg_1"])


def test_invariant_4_the_queue_carries_ids_and_never_payloads(
    receiver: ReceiverProcess, clerk: Clerk, redis_url: str
) -> None:
    sent = clerk.created()
    with redis.Redis.from_url(redis_url) as client:
        receiver.deliver(sent)
        until(lambda: client.llen(EVENTS_KEY))
        (message,) = client.lrange(EVENTS_KEY, 0, -1)
    body = base64.b64decode(json.loads(message)["body"]).decode()
    assert json.loads(body)[0] == [[sent.svix_id]]
    assert not [word for word in ("user_ada", "Lovelace", "example.com") if word in message.decode() + body]


def test_a_parked_event_is_not_enqueued(start_receiver: StartReceiver, clerk: Clerk, redis_url: str) -> None:
    with start_receiver() as receiver, redis.Redis.from_url(redis_url) as client:
        receiver.deliver(clerk.send(b"no JSON"))
        receiver.deliver(clerk.created())
        until(lambda: client.llen(EVENTS_KEY))
    with redis.Redis.from_url(redis_url) as client:
        assert client.llen(EVENTS_KEY) == 1
