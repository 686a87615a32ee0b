"""Receiver, API and worker as real processes behind PgBouncer in transaction mode."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from secrets import token_hex
from typing import TypeVar

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from dev.clerk_instance import ISSUER, PARTY
from dev.embedded.servers import Servers
from tests.clerk_sender import Sent
from tests.dev.groups import until
from tests.ledger import change
from tests.pooler.neighbour import neighbours
from tests.pooler.pgbouncer import Pooled
from tests.running_stack import RunningStack, running_stack
from tests.servers import copy_of

pytestmark = [pytest.mark.pooler, pytest.mark.timeout(600)]

Item = TypeVar("Item")
SENDERS = 8
DELIVERIES = 600
USERS = 3_000
ADD_USERS = """
    insert into users (clerk_id, clerk_updated_at)
    select 'user_' || number, now() from generate_series(1, %s) as number
    on conflict do nothing
"""
APPLIED = "select count(*) from webhook_events where status = 'applied' and svix_id = any(%s)"


@pytest.fixture(scope="module")
def pooled(servers: Servers, template: str, port: int) -> Iterator[Pooled]:
    with copy_of(servers, template) as database:
        yield Pooled(database, port)


@pytest.fixture(scope="module", params=["transaction", "none"])
def stack(
    pooled: Pooled, servers: Servers, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[RunningStack]:
    """All processes connect through the pooler, which is configured or has to be detected."""
    settings = {"DATABASE_URL": pooled.app_url, "DATABASE_POOLER": request.param, "LOG_FORMAT": "json"}
    with running_stack(pooled.direct, servers.redis_url, tmp_path_factory.mktemp("stack"), **settings) as made:
        made.start("web", "api", "worker", "beat")
        until(lambda: answers(made.api))
        yield made


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", trust_env=False, verify=False).is_success
    except httpx.HTTPError:
        return False


def is_ready(stack: RunningStack) -> bool:
    return httpx.get(f"{stack.api}/readyz", timeout=15, trust_env=False, verify=False).is_success


def together(items: Sequence[Item], ask: Callable[[httpx.Client, Item], httpx.Response]) -> Counter[int]:
    """The number of answers by status when several clients send requests concurrently."""

    def part(number: int) -> Counter[int]:
        limits = httpx.Limits(keepalive_expiry=2)
        with httpx.Client(trust_env=False, verify=False, timeout=15, limits=limits) as client:
            return Counter(ask(client, item).status_code for item in items[number::SENDERS])

    with ThreadPoolExecutor(SENDERS) as threads:
        return sum(threads.map(part, range(SENDERS)), Counter())


def test_every_delivery_is_stored_and_applied(stack: RunningStack, pooled: Pooled) -> None:
    sent = [stack.clerk.created(f"user_{token_hex(6)}", email=None) for _ in range(DELIVERIES)]

    def post(client: httpx.Client, delivery: Sent) -> httpx.Response:
        return client.post(f"{stack.url}/webhooks/clerk", content=delivery.body, headers=delivery.headers)

    with neighbours(pooled.app_url):
        assert together(sent, post) == {202: DELIVERIES}
        until(stack.settled)

    ids = [delivery.svix_id for delivery in sent]
    assert stack.value(APPLIED, ids) == DELIVERIES


def test_a_known_user_is_never_unauthorized(stack: RunningStack, pooled: Pooled) -> None:
    change(stack.engine, ADD_USERS, USERS)
    key = load_pem_private_key(stack.instance.private_pem.encode(), None)  # once: it takes longer than a request
    assert isinstance(key, RSAPrivateKey)

    def ask(client: httpx.Client, number: int) -> httpx.Response:
        now = int(time.time())
        claims = {"iss": ISSUER, "azp": PARTY, "sub": f"user_{number}", "sid": "sess_1", "sts": "active"}
        token = jwt.encode(claims | {"iat": now, "nbf": now, "exp": now + 60}, key, "RS256")
        return client.get(f"{stack.api}/api/user/profile", headers={"Authorization": f"Bearer {token}"})

    with neighbours(pooled.app_url):
        assert together(range(1, USERS + 1), ask) == {200: USERS}


def test_no_settings_remain_in_shared_sessions(stack: RunningStack, pooled: Pooled) -> None:
    stack.deliver(*(stack.clerk.created(f"user_{token_hex(6)}", email=None) for _ in range(20)))
    until(stack.settled)

    assert pooled.left_behind() == set()


def test_the_service_is_ready_and_reports_a_detected_pooler(
    stack: RunningStack, request: pytest.FixtureRequest
) -> None:
    until(lambda: is_ready(stack))
    database = httpx.get(f"{stack.api}/readyz", timeout=15, trust_env=False, verify=False).json()["parts"]["database"]

    found = "database.pooler_found" in stack.text()
    assert found is ("DATABASE_POOLER=transaction" in database)
    assert found is ("none" in request.node.name)
