"""A Clerk instance without users, and a client of its Backend API."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine

from clerk.backend import Backend
from clerk.user_writer import UserWriter
from tests.clerk_sender import Clerk
from tests.keycloak import exports
from tests.keycloak.exports import person
from tests.keycloak.stored import LEARNER, plan, planned
from tests.reconcile.keycloak_moves import Move
from tests.served_clerk import ServedClerk, served_clerk


@pytest.fixture
def clerk() -> Iterator[ServedClerk]:
    with served_clerk() as running:
        yield running


@pytest.fixture
def backend(clerk: ServedClerk) -> Iterator[Backend]:
    client = Backend(clerk.key, clerk.url)
    yield client
    client.close()


@pytest.fixture
def instance(clerk: ServedClerk) -> ServedClerk:
    return clerk


@pytest.fixture
def sender() -> Clerk:
    """Signs webhooks."""
    return Clerk()


@pytest.fixture
def move(engine: Engine, tmp_path: Path) -> Callable[..., Move]:
    """Plans the move of persons that no other plan has, in a realm of their own."""
    numbers = count(100)

    def made(persons: int = 1) -> Move:
        data = [person(next(numbers), None) for _ in range(persons)]
        name = f"realm-{data[0]['id']}"
        path = exports.single(tmp_path / f"{name}.json", data, name=name)
        keys = [str(each["id"]) for each in data]
        return Move(plan(engine, *(planned(key, LEARNER) for key in keys), realm=name), path, keys)

    return made


@pytest.fixture
def writer(instance: ServedClerk) -> Iterator[UserWriter]:
    made = UserWriter(instance.key, instance.url)
    yield made
    made.close()
