from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from tests import lms
from tests.clerk_signs_in import Instance
from tests.servers import Database


@pytest.fixture
def instance() -> Instance:
    """The Clerk instance that issues session tokens."""
    return Instance()


@pytest.fixture
def platform(database: Database, instance: Instance) -> Iterator[TestClient]:
    """A client of the test learning platform."""
    with lms.serving(database, instance) as client:
        yield client
