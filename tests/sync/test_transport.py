"""The way to Redis: one client, kept for as long as its connections are."""

from collections.abc import Iterator
from typing import Any

import pytest

from sync import broker


@pytest.fixture
def channel(redis_url: str) -> Iterator[Any]:
    """What a publisher sends through."""
    with broker.publisher(redis_url) as celery, celery.connection_for_write() as connection:
        yield connection.default_channel


def test_whoever_reads_the_log_is_told_the_url_of_redis_without_its_password(redis_url: str) -> None:
    url = redis_url.replace("://", "://:hidden@")
    with broker.publisher(url) as celery, celery.connection_for_write() as connection:
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
