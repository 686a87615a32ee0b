"""A Redis as hosts give it: TLS with a certificate of its own CA, a user with an ACL, other applications beside."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from config.redis_url import RedisAddress
from dev import procfile
from health.broker import Broker
from tests import tls
from tests.dev.groups import until
from tests.running_stack import RunningStack, running_stack
from tests.servers import Database
from tests.sync.test_admission import encoded, message
from tests.tls import Certificate

PREFIX = "sync-test:"
PAGE = (procfile.PATH.parent / "docs/how-to/run-in-production.md").read_text()


def documented_acl(prefix: str) -> list[str]:
    """The rules that the documentation gives, for another prefix."""
    (rules,) = re.findall(r"^ACL SETUSER akako on >PASSWORD (.*?)$", PAGE, re.MULTILINE)
    return str(rules).replace("akako:", prefix).split()


@pytest.fixture
def raw(redis_url: str) -> Iterator[redis.Redis]:
    """Redis, as its administrator sees it."""
    with redis.Redis.from_url(redis_url) as client:
        client.acl_log_reset()
        client.execute_command("ACL", "SETUSER", "akako", "reset", "on", ">secret", *documented_acl(PREFIX))
        yield client
        client.execute_command("ACL", "DELUSER", "akako")


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return tls.self_signed(tmp_path)


@pytest.fixture
def url(raw: redis.Redis, redis_url: str, certificate: Certificate) -> Iterator[str]:
    """REDIS_URL of the user with the ACL, over TLS."""
    with tls.before(redis_url, certificate) as port:
        yield f"rediss://akako:secret@127.0.0.1:{port}/0?ssl_ca_certs={certificate.path}&ssl_cert_reqs=CERT_REQUIRED"


@pytest.fixture
def stack(database: Database, url: str, tmp_path: Path) -> Iterator[RunningStack]:
    files = tmp_path / "logs"
    files.mkdir()
    with running_stack(database, url, files, WORKER_PROCESSES="1", REDIS_KEY_PREFIX=PREFIX) as made:
        made.start("web", "worker", "beat", "clerk")
        yield made


def another_application(raw: redis.Redis) -> dict[str, object]:
    """What another Celery keeps of a task that runs for an hour."""
    raw.hset("unacked", "theirs", json.dumps([{"properties": {}}, "", "celery"]))
    raw.zadd("unacked_index", {"theirs": time.time() - 3_000})
    raw.lpush("events", "theirs")
    return theirs(raw)


def theirs(raw: redis.Redis) -> dict[str, object]:
    return {key.decode(): raw.dump(key) for key in raw.scan_iter() if not key.startswith(PREFIX.encode())}


def denied(raw: redis.Redis) -> list[str]:
    """What the ACL refused."""
    return [str(entry["object"]) for entry in raw.acl_log()]


@pytest.mark.recovery
def test_a_delivery_goes_through_tls_and_the_documented_acl_and_touches_no_other_keys(
    stack: RunningStack, raw: redis.Redis
) -> None:
    before = another_application(raw)
    for number in range(3):
        stack.deliver(stack.clerk.created(f"user_{number}", email=None))
        until(lambda: stack.roles(f"user_{number}") or denied(raw))  # noqa: B023 - waited for at once
        assert denied(raw) == []
    # A message that was taken and not finished in time comes back by itself, which takes the most commands.
    lost = stack.clerk.created("user_lost", email=None)
    told = message(body=encoded([[[lost.svix_id]], {}, {}]))
    raw.hset(PREFIX + "unacked", "lost", json.dumps([told, "", "events"]))
    raw.zadd(PREFIX + "unacked_index", {"lost": 1})
    until(lambda: not raw.hexists(PREFIX + "unacked", "lost"), 30)
    for name in ("worker", "clerk"):
        stack.stop(name)
        assert stack.code(name) == 0
    assert "instance.not_pinned" in stack.text()
    assert theirs(raw) == before
    assert denied(raw) == []
    assert stack.scrape("web")["akako_broker_up", ""] == 1
    assert not [word for word in ("queue.unavailable", "enqueue.failed", "message.refused") if word in stack.text()]


@pytest.mark.parametrize(
    ("rule", "reason"),
    [("-set", "denies a command or key"), ("resetkeys", "denies a command or key")],
)
def test_an_acl_that_lacks_something_is_said_to_lack_it(
    raw: redis.Redis, redis_url: str, rule: str, reason: str
) -> None:
    raw.execute_command("ACL", "SETUSER", "akako", rule)  # type: ignore[no-untyped-call]
    broker = Broker(RedisAddress(redis_url.replace("://", "://akako:secret@"), PREFIX))
    with pytest.raises(Exception, match=reason):
        broker.takes_messages()
    broker.close()
