"""Logs of the code as the image has it: installed from the wheel beside its libraries."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from config import logs

pytestmark = pytest.mark.processes

FAILS = """
from config import logs
from db.migrate import upgrade
assert "site-packages" in logs.__file__
try:
    upgrade("postgresql://akako@127.0.0.1:1/akako", "")
except Exception as error:
    print(logs.fault(error)["at"])
"""


def test_from_the_wheel_an_error_names_our_own_code(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=logs.ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "site-packages"
    zipfile.ZipFile(wheel).extractall(installed)
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
