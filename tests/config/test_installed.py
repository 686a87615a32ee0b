"""The code as production has it: the service and the guard, installed from their wheels beside the libraries."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config import logs

pytestmark = pytest.mark.processes

UV = Path(sys.executable).with_name("uv")
FAILS = """
import akako_guard
from config import logs
from db.migrate import upgrade
assert "site-packages" in logs.__file__
assert "site-packages" in akako_guard.__file__
try:
    upgrade("postgresql://akako@127.0.0.1:1/akako", "")
except Exception as error:
    print(logs.fault(error)["at"])
"""


def test_from_the_wheels_an_error_names_our_own_code(tmp_path: Path) -> None:
    installed = tmp_path / "site-packages"
    install: list[str | Path] = [UV, "pip", "install", "--quiet", "--no-cache", "--no-deps", "--no-build-isolation"]
    install += ["--python", sys.executable, "--target", installed, ".", "sdk/python"]
    subprocess.run(install, cwd=logs.ROOT, check=True, capture_output=True)
    ended = subprocess.run(
        [sys.executable, "-c", FAILS],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.startswith("db/migrate.py:")
    assert "psycopg" not in ended.stdout
