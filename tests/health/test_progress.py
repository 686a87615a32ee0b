import multiprocessing
import time

import pytest

from health.progress import Progress, ProgressTicker
from tests.dev.groups import until

FORK = multiprocessing.get_context("fork")


@pytest.mark.processes
def test_a_child_updates_the_progress_of_its_parent() -> None:
    progress = Progress()
    until(lambda: progress.stalled_seconds > 0.2)
    began = time.monotonic()
    child = FORK.Process(target=progress.record)
    child.start()
    child.join(30)
    assert child.exitcode == 0
    assert progress.stalled_seconds < time.monotonic() - began


def test_progress_is_made_while_a_task_runs_and_not_while_idle() -> None:
    progress = Progress()
    ticker = ProgressTicker(progress)
    ticker.begin_ticking()
    until(lambda: progress.stalled_seconds > 0.5)
    until(lambda: progress.stalled_seconds < 0.5)
    ticker.end_ticking()
    until(lambda: progress.stalled_seconds > 2)
