"""A development Clerk for each test, in the test's process."""

import pytest

from tests.dev.clerk.api import Api


@pytest.fixture
def api() -> Api:
    """An instance without users and without limits."""
    return Api()
