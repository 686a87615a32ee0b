"""The way to Redis: one client, kept for as long as its connections are."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from kombu.exceptions import OperationalError

from config.redis_url import RedisAddress
from sync import broker
from sync.admission import LONGEST_BYTES


@pytest.fixture
def channel(redis_url: str) -> Iterator[Any]:
    """What a publisher sends through."""
    with broker.publisher(RedisAddress(redis_url)) as celery, celery.connection_for_write() as connection:
        yield connection.default_channel


def test_the_log_has_the_url_of_redis_without_its_password(redis_url: str) -> None:
    url = redis_url.replace("://", "://:hidden@")
    with broker.publisher(RedisAddress(url)) as celery, celery.connection_for_write() as connection:
        assert connection.as_uri().startswith("redis://:**@127.0.0.1:")


def test_each_command_goes_through_the_same_client(channel: Any) -> None:
    with channel.conn_or_acquire() as one, channel.conn_or_acquire() as other:
        assert one is other


def test_a_client_whose_connections_were_given_up_is_not_used_again(channel: Any) -> None:
    with channel.conn_or_acquire() as before:
        channel._disconnect_pools()
    with channel.conn_or_acquire() as after:
        assert after is not before
        assert after.ping()


def test_every_key_has_the_prefix_and_an_oversized_unfinished_message_is_removed_under_it(
    redis_url: str, raw: redis.Redis
) -> None:
    address = RedisAddress(redis_url, "other:")
    with broker.consumer(address) as celery, celery.connection_for_read() as connection:
        celery.send_task(broker.SWEEP, queue=broker.CALENDAR)
        for prefix in ("", "other:"):
            raw.hset(f"{prefix}unacked", "large", "x" * (2 * LONGEST_BYTES + 1))
            raw.zadd(f"{prefix}unacked_index", {"large": 1})
        channel: Any = connection.default_channel
        channel.qos.restore_visible(interval=1)
    assert raw.exists("unacked", "unacked_index") == 2
    assert not raw.hexists("other:unacked", "large")
    assert {key for key in raw.scan_iter() if not key.startswith(b"other:")} == {b"unacked", b"unacked_index"}


def test_a_redis_that_takes_no_messages_is_not_connected_to(redis_url: str, raw: redis.Redis) -> None:
    raw.config_set("maxmemory", 1)
    try:
        with broker.consumer(RedisAddress(redis_url)) as celery, celery.connection_for_read() as connection:
            with pytest.raises(OperationalError, match="Redis is full"):
                connection.ensure_connection(max_retries=1)
            raw.config_set("maxmemory", 0)
            connection.ensure_connection(max_retries=1)
    finally:
        raw.config_set("maxmemory", 0)
