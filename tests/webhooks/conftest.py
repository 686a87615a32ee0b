"""A receiver of its own for the tests that need no other settings."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import pytest

from tests.clerk_says import Clerk
from tests.servers import Database
from tests.webhooks.door import Door, receiver


class Opens(Protocol):
    """Opens a door with the settings named."""

    def __call__(
        self, *, database_url: str = ..., redis_url: str = ..., **settings: object
    ) -> AbstractContextManager[Door]: ...


@pytest.fixture
def opens(database: Database, redis_url: str, clerk: Clerk, tmp_path: Path) -> Opens:
    """Starts a receiver on the test's database; its settings may differ."""

    def opened(
        *, database_url: str = database.app_url, redis_url: str = redis_url, **settings: object
    ) -> AbstractContextManager[Door]:
        return receiver(tmp_path, clerk, database_url=database_url, redis_url=redis_url, **settings)

    return opened


@pytest.fixture
def door(opens: Opens) -> Iterator[Door]:
    """A receiver with its ordinary settings."""
    with opens() as started:
        yield started
