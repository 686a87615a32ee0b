"""The systemd units, compared with the Procfile and verified with systemd-analyze."""

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dev import procfile

UNITS = procfile.PATH.parent / "deploy/systemd"
BIN = "/opt/akako/bin/"
PROGRAM = shutil.which("systemd-analyze")


def unit(name: str) -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(interpolation=None, strict=False)
    parsed.optionxform = str  # type: ignore[assignment, method-assign]
    parsed.read(UNITS / name)
    return parsed


def test_each_process_of_the_procfile_has_its_unit_and_command() -> None:
    commands = procfile.read()
    commands["migrate"] = commands.pop("release")
    started = {path.stem.removeprefix("akako-"): unit(path.name) for path in UNITS.glob("*.service")}
    assert {name: found["Service"]["ExecStart"].removeprefix(BIN) for name, found in started.items()} == commands


def test_long_running_processes_are_restarted_and_require_the_migrations() -> None:
    for name in procfile.LONG_RUNNING:
        found = unit(f"akako-{name}.service")
        assert found["Service"]["Restart"] == "always"
        assert found["Unit"]["StartLimitIntervalSec"] == "0"
        assert found["Unit"]["Requires"] == "akako-migrate.service"
        assert found["Service"]["KillMode"] == "mixed"


def test_only_migrations_read_the_owner_s_url() -> None:
    assert [path.name for path in UNITS.iterdir() if "owner.env" in path.read_text()] == ["akako-migrate.service"]


def test_every_process_has_its_own_ports() -> None:
    environments = [unit(f"akako-{name}.service")["Service"]["Environment"] for name in procfile.LONG_RUNNING]
    ports = [pair.partition("=")[2] for environment in environments for pair in environment.split()]
    assert len(ports) == len(set(ports)) == 9


@pytest.mark.processes
@pytest.mark.skipif(PROGRAM is None, reason="systemd-analyze is not installed")
def test_systemd_analyze_reports_no_error(tmp_path: Path) -> None:
    for path in UNITS.iterdir():
        installed = path.read_text().replace(BIN, f"{Path(sys.executable).parent}/").replace("User=akako", "User=root")
        (tmp_path / path.name).write_text(installed)
    verified = subprocess.run(
        [str(PROGRAM), "verify", "--man=no", "--recursive-errors=no", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (verified.returncode, verified.stderr) == (0, "")
