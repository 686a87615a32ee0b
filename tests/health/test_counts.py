"""Directories of shared metrics: inherited by child processes, removed by a later process."""

import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from health import metrics_dir
from tests.meanwhile import at_once

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


def test_a_new_directory_is_not_removed_by_a_process_that_starts_at_the_same_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    made: list[Path] = []
    done = threading.Event()

    def remove() -> None:
        while not done.is_set():
            metrics_dir._remove_unused()

    def make() -> None:
        try:
            for _ in range(300):
                made.append(metrics_dir._new_directory())
        finally:
            done.set()

    at_once(remove, remove, make)
    assert [directory for directory in made if not (directory / "in-use").exists()] == []
