"""What is said of a Redis that takes no messages: the reason, and what to do. Health look and Celery say the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from kombu.exceptions import OperationalError

from config.redis_url import RedisAddress, normalise
from dev.embedded.redis import Redis
from health import redis_faults
from health.broker import Broker, RedisUnavailable
from health.redis_faults import Fault
from sync.enqueue import Queue
from tests import tls

pytestmark = [pytest.mark.processes, pytest.mark.recovery]


def looked_at(url: str) -> Fault:
    """What a look at it finds."""
    broker = Broker(RedisAddress(normalise(url)))
    try:
        with pytest.raises(RedisUnavailable) as away:
            broker.takes_messages()
    finally:
        broker.close()
    return away.value.fault


def published_to(url: str) -> Fault:
    """What a publisher finds, through Celery."""
    queue = Queue(RedisAddress(normalise(url)), set_size=3)
    try:
        with pytest.raises((OperationalError, redis.RedisError)) as refused:
            queue._send(["msg_1"])
    finally:
        queue.close()
    return redis_faults.explain(refused.value)


def both(url: str) -> Fault:
    """What both find."""
    seen = looked_at(url)
    assert published_to(url) == seen
    return seen


@contextmanager
def server(directory: Path, **options: str) -> Iterator[str]:
    """A Redis with options of its own."""
    made = Redis(directory, options={name.replace("_", "-"): value for name, value in options.items()})
    made.start()
    try:
        yield made.url()
    finally:
        made.kill()


def test_a_certificate_that_is_not_trusted_is_named_and_one_whose_ca_is_named_is_trusted(
    redis_url: str, tmp_path: Path
) -> None:
    certificate, other = tls.self_signed(tmp_path), tls.self_signed(tmp_path, "127.0.0.2")
    with tls.before(redis_url, certificate) as port:
        url = f"rediss://127.0.0.1:{port}/0"
        assert both(url) == both(f"{url}?ssl_ca_certs={other.path}") == redis_faults.UNTRUSTED
        assert "certificate" in redis_faults.UNTRUSTED.reason
        assert "ssl_ca_certs" in redis_faults.UNTRUSTED.next_step
        # Databases of their own: kombu shares pooled connections of one database, whatever their TLS options are.
        options = (f"ssl_ca_certs={certificate.path}", "ssl_cert_reqs=none", "ssl_cert_reqs=CERT_NONE")
        for number, option in enumerate(options, start=1):
            address = RedisAddress(normalise(f"rediss://127.0.0.1:{port}/{number}?{option}"))
            assert Broker(address).takes_messages()
            queue = Queue(address, set_size=3)
            queue._send(["msg_1"])
            queue.close()


def test_a_certificate_for_another_host_is_named(redis_url: str, tmp_path: Path) -> None:
    certificate = tls.self_signed(tmp_path, "redis.example.com")
    with tls.before(redis_url, certificate) as port:
        url = f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={certificate.path}"
        assert both(url) == redis_faults.OTHER_NAME
        assert Broker(RedisAddress(normalise(f"{url}&ssl_check_hostname=false"))).takes_messages()


def test_a_port_without_tls_is_named(redis_url: str) -> None:
    assert both(redis_url.replace("redis://", "rediss://")) == redis_faults.NOT_TLS


def test_a_sentinel_is_named(tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir()
    conf = tmp_path / "redis" / "sentinel.conf"
    conf.touch()
    made = Redis(tmp_path)
    made._process = made._configured()
    made._process._arguments[1:] = [str(conf), "--sentinel", "--port", str(made._port), "--bind", "127.0.0.1"]
    made.start()
    try:
        assert both(made.url()) == redis_faults.SENTINEL
    finally:
        made.kill()


def test_a_cluster_is_named(tmp_path: Path) -> None:
    with server(tmp_path, cluster_enabled="yes") as url:
        assert both(url) == redis_faults.CLUSTER


def test_a_replica_is_named(tmp_path: Path, redis_url: str) -> None:
    port = redis_url.rpartition(":")[2].partition("/")[0]
    with server(tmp_path, replicaof=f"127.0.0.1 {port}", replica_serve_stale_data="yes") as url:
        assert both(url) == redis_faults.REPLICA


def test_a_full_redis_a_wrong_password_and_a_lacking_acl_are_named(tmp_path: Path) -> None:
    with server(tmp_path, maxmemory="1") as url, redis.Redis.from_url(url) as client:
        assert both(url) == redis_faults.FULL
        client.config_set("maxmemory", 0)
        client.execute_command("ACL", "SETUSER", "eve", "on", ">secret", "~other:*", "+@all")
        assert both(url.replace("://", "://eve:secret@")) == redis_faults.REFUSED
        assert both(url.replace("://", "://eve:wrong@")) == redis_faults.PASSWORD


def test_a_redis_that_is_not_there_cannot_be_reached() -> None:
    assert both("redis://127.0.0.1:1/0") == redis_faults.UNREACHABLE
