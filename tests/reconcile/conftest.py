"""A Clerk instance without users, and a client of its Backend API."""

from collections.abc import Iterator

import pytest

from clerk.backend import Backend
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
