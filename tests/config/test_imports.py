"""What a process imports before it listens: each package takes time at every start."""

import os
import subprocess
import sys

import pytest

from tests.webhooks.test_start import GOOD

pytestmark = pytest.mark.processes

HEAVY = {"alembic", "svix", "httpx"}
IMPORTED = "import sys, webhooks.app; print(*{name.partition('.')[0] for name in sys.modules})"


def test_a_receiver_imports_neither_migrations_nor_a_client_of_svix() -> None:
    said = subprocess.run(
        [sys.executable, "-c", IMPORTED],
        env={"PATH": os.environ["PATH"], **GOOD},
        capture_output=True,
        text=True,
        check=True,
    )
    assert HEAVY & set(said.stdout.split()) == set()
