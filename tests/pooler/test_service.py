"""Receiver, API and worker as real processes behind PgBouncer in transaction mode."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from tests.clerk_says import Sent
from tests.ledger import change, values
from tests.ops.groups import until
from tests.pooler.conftest import Pooled
from tests.pooler.neighbour import neighbours
from tests.town import Town, town

Item = TypeVar("Item")
SENDERS = 8
DELIVERIES = 600
USERS = 3_000
ADD_USERS = """
    insert into users (clerk_id, clerk_updated_at)
    select 'user_' || number, now() from generate_series(1, %s) as number
"""


@pytest.fixture(params=["transaction", "none"])
def home(pooled: Pooled, redis_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Town]:
    """Everything runs through the pooler, whether DATABASE_POOLER says so or it has to be found."""
    settings = {"DATABASE_URL": pooled.app_url, "DATABASE_POOLER": request.param, "LOG_FORMAT": "json"}
    with town(pooled.direct, redis_url, tmp_path, **settings) as made:
        made.start("web", "api", "worker", "beat")
        until(lambda: httpx.get(f"{made.api}/healthz", trust_env=False).is_success)
        yield made


def together(items: Sequence[Item], ask: Callable[[httpx.Client, Item], httpx.Response]) -> Counter[int]:
    """How many answers had each status, when several clients ask at the same time."""

    def part(number: int) -> Counter[int]:
        with httpx.Client(trust_env=False, verify=False, timeout=15) as client:
            return Counter(ask(client, item).status_code for item in items[number::SENDERS])

    with ThreadPoolExecutor(SENDERS) as threads:
        return sum(threads.map(part, range(SENDERS)), Counter())


def test_every_delivery_is_stored_and_applied(home: Town, pooled: Pooled) -> None:
    sent = [home.clerk.created(f"user_{number}", email=None) for number in range(DELIVERIES)]

    def post(client: httpx.Client, delivery: Sent) -> httpx.Response:
        return client.post(f"{home.url}/webhooks/clerk", content=delivery.body, headers=delivery.headers)

    with neighbours(pooled.app_url):
        assert together(sent, post) == {202: DELIVERIES}
        until(home.settled)

    assert values(home.engine, "select status, count(*) from webhook_events group by status") == ["applied"]
    assert home.value("select count(*) from users") == DELIVERIES


def test_a_known_user_is_never_unauthorized(home: Town, pooled: Pooled) -> None:
    change(home.engine, ADD_USERS, USERS)

    def ask(client: httpx.Client, number: int) -> httpx.Response:
        token = home.instance.token(f"user_{number}")
        return client.get(f"{home.api}/api/user/profile", headers={"Authorization": f"Bearer {token}"})

    with neighbours(pooled.app_url):
        assert together(range(1, USERS + 1), ask) == {200: USERS}


def test_nothing_is_left_in_the_sessions_that_others_share(home: Town, pooled: Pooled) -> None:
    home.deliver(*(home.clerk.created(f"user_{number}", email=None) for number in range(50)))
    until(home.settled)
    found = values(
        home.engine,
        """
        select distinct name from pg_stat_activity cross join pg_settings
        where datname = current_database() and pg_settings.source = 'session'
        """,
    )
    assert found is not None
