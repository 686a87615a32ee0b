"""Directories of shared metrics: inherited by child processes, removed by a later process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

PLACES = "from health import metrics_dir; print(metrics_dir.DIRECTORY, flush=True); "
WAITING = PLACES + "import time; time.sleep(300)"
EMPTY = """
from pathlib import Path
from health import metrics_dir, process_starts
from health.exposition import Counted
process_starts.count_start()
Path(metrics_dir.DIRECTORY, "counter_1.db").touch()
print([sample.value for metric in Counted(metrics_dir.DIRECTORY).collect() for sample in metric.samples])
"""

RACE = (
    """
import fcntl, glob, os, shutil
begin = fcntl.flock
def remove_first(lock, operation):
    if operation == fcntl.LOCK_SH and len(seen) == 0:
        seen.extend(glob.glob(os.environ["TMPDIR"] + "/akako-counts-*"))
        shutil.rmtree(seen[0])
    begin(lock, operation)
seen = []
fcntl.flock = remove_first
"""
    + EMPTY
)


def run(program: str, directory: Path) -> str:
    return subprocess.run(
        [sys.executable, "-c", program], env=environment(directory), capture_output=True, text=True, check=True
    ).stdout.strip()


def environment(directory: Path) -> dict[str, str]:
    return {**os.environ, "TMPDIR": str(directory)}


def places(directory: Path) -> list[Path]:
    return sorted(directory.glob("akako-counts-*"))


def test_only_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    with (
        subprocess.Popen([sys.executable, "-c", WAITING], env=environment(tmp_path), stdout=subprocess.PIPE) as killed,
        subprocess.Popen([sys.executable, "-c", WAITING], env=environment(tmp_path), stdout=subprocess.PIPE) as alive,
    ):
        assert killed.stdout is not None
        assert alive.stdout is not None
        gone, stays = (Path(stream.readline().decode().strip()) for stream in (killed.stdout, alive.stdout))
        killed.kill()
        killed.wait()
        made = Path(run(PLACES, tmp_path))
        assert gone not in places(tmp_path)
        assert {stays, made} <= set(places(tmp_path))
        alive.kill()


def test_a_process_does_not_count_where_its_surroundings_do(tmp_path: Path) -> None:
    first, second = run(PLACES, tmp_path), run(PLACES, tmp_path)
    assert first != second


def test_a_process_killed_before_it_counted_anything_does_not_hide_the_others(tmp_path: Path) -> None:
    assert run(EMPTY, tmp_path) == "[1.0]"


def test_a_directory_that_another_process_removed_before_it_was_locked_is_replaced(tmp_path: Path) -> None:
    assert run(RACE, tmp_path) == "[1.0]"
