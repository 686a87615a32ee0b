"""The built package against the processes of `akako up`: its own tests in `tests/contract`."""

import os
import re
import subprocess

import pytest

from tests.typescript.conftest import PACKAGE

pytestmark = [pytest.mark.typescript, pytest.mark.processes, pytest.mark.timeout(500)]

LEAST = 20
"""Tests that have to run; more are welcome."""


def test_the_package_works_with_the_api_and_with_the_views(environment: dict[str, str]) -> None:
    tests = subprocess.run(
        ["npx", "vitest", "run", "--project", "contract"],
        cwd=PACKAGE,
        env=os.environ | environment | {"NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=400,
    )

    passed = re.search(r"Tests  (\d+) passed", tests.stdout)
    assert tests.returncode == 0, tests.stdout + tests.stderr
    assert passed, tests.stdout
    assert int(passed[1]) >= LEAST, tests.stdout
