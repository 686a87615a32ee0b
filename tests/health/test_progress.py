import multiprocessing

import pytest

from health.progress import Progress, ProgressTicker
from tests.dev.groups import until

FORK = multiprocessing.get_context("fork")


@pytest.mark.processes
def test_a_child_moves_the_pulse_of_its_parent() -> None:
    progress = Progress()
    until(lambda: progress.stalled_seconds > 0.2)
    child = FORK.Process(target=progress.move)
    child.start()
    child.join(10)
    assert child.exitcode == 0
    assert progress.stalled_seconds < 0.2


def test_a_task_that_runs_moves_the_pulse_and_an_idle_process_does_not() -> None:
    progress = Progress()
    ticker = ProgressTicker(progress)
    ticker.begin_ticking()
    until(lambda: progress.stalled_seconds > 0.5)
    until(lambda: progress.stalled_seconds < 0.5)
    ticker.end_ticking()
    until(lambda: progress.stalled_seconds > 2)
