"""No log of any process, at its most verbose and with everything failing, has personal data or secrets."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import redis

from akako_guard.role import Role
from tests import people
from tests.clerk_sender import Clerk, Sent, email_address
from tests.dev.groups import until
from tests.running_stack import RunningStack, running_stack
from tests.servers import Database

END_ALL = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name like 'akako %' and application_name <> 'akako test'
"""
SAID: dict[str, Any] = {
    "username": "augustina-the-first",
    "first_name": "Augustina",
    "last_name": "Lovelace",
    "image_url": "https://img.example.com/of-augustina",
    "external_id": "external-4711",
    "public_metadata": {"note": "public-note"},
    "private_metadata": {"note": "private-note"},
    "unsafe_metadata": {"note": "unsafe-note"},
}
PRIVATE = (
    "augustina", "lovelace", "example.com", "example.org", "external-4711", "public-note", "private-note",
    "unsafe-note", "mozilla", "192.0.2.1", "idn_1", "whsec_", "v1,", "bearer", "sk_test", "svix-signature",
)  # fmt: skip
EXPECTED = {
    "receiver.started", "api.started", "beat.started", "events.applied", "event.postponed", "delivery.refused",
    "delivery.parked", "database.unavailable", "metrics.served",
}  # fmt: skip


@pytest.fixture
def stack(database: Database, redis_url: str, tmp_path: Path) -> Iterator[RunningStack]:
    with running_stack(database, redis_url, tmp_path, LOG_LEVEL="DEBUG", LOG_FORMAT="json") as made:
        made.start("web", "api", "worker", "beat")
        until(lambda: "api.started" in made.text())
        yield made


def person(stack: RunningStack, number: int) -> Sent:
    email = f"augustina{number}@example.com"
    addresses = [email_address(email)]
    return stack.clerk.created(f"user_{number}", email=email, email_addresses=addresses, **SAID)


def ask(stack: RunningStack, method: str, path: str, token: str, **body: object) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{stack.api}{path}"
    return httpx.request(method, url, headers=headers, json=body or None, trust_env=False, verify=False).status_code


def test_no_log_holds_anything_of_a_person_or_a_secret(stack: RunningStack, database: Database, redis_url: str) -> None:
    good, refused, foreign = person(stack, 1), person(stack, 2), Clerk().created(**SAID)
    with psycopg.connect(database.superuser_url, autocommit=True) as owner, redis.Redis.from_url(redis_url) as queue:
        assert stack.deliver(good, good, foreign, stack.clerk.send(b"Augustina is no JSON")) == [202, 202, 401, 202]
        until(lambda: stack.roles("user_1") == ["LEARNER"])
        token = stack.instance.token("user_1")
        people.assign(stack.engine, "user_1", Role.ADMIN)
        path = "/api/admin/users/user_1/roles"
        statuses = [
            ask(stack, "GET", "/api/user/profile", token),
            ask(stack, "GET", "/api/admin/users?q=augustina", token),
            ask(stack, "POST", path, token, role="MENTOR", reason="Augustina asked for it."),
            ask(stack, "POST", path, token, role="MENTOR", reason="Augustina asked for it."),
            ask(stack, "POST", path, token, role="Augustina"),
            ask(stack, "GET", "/api/user/profile", f"{token}x"),
        ]
        assert statuses == [200, 200, 201, 409, 422, 401]
        owner.execute("alter table users add constraint refused check (clerk_id <> 'user_2')")
        stack.deliver(refused)
        until(lambda: "event.postponed" in stack.text())
        owner.execute("alter role akako_app nologin")
        queue.client_kill_filter(_type="normal", skipme=True)
        owner.execute(END_ALL)
        until(lambda: stack.deliver(person(stack, 3)) == [503])
        ask(stack, "GET", "/api/user/profile", token)
        until(lambda: "database.unavailable" in stack.text())
        owner.execute("alter role akako_app login")
        until(lambda: stack.deliver(person(stack, 4)) == [202])
        until(lambda: stack.roles("user_4") == ["LEARNER"])
    for name in ("web", "api", "worker", "beat"):
        stack.stop(name)
    lines = stack.lines()

    assert {line["process"] for line in lines} == {"receiver", "api", "worker", "beat"}
    assert EXPECTED - {line["event"] for line in lines} == set()
    assert "debug" in {line["level"] for line in lines}
    text = stack.text().lower()
    secrets = (*stack.clerk.secrets, *good.headers["svix-signature"].split(","), token, token.split(".")[1])
    assert [word for word in (*PRIVATE, *secrets) if word.lower() in text] == []
    assert [line for line in lines if len(json.dumps(line)) > 2_000] == []
