import multiprocessing
import time

import pytest

from health.pulse import Beacon, Pulse
from tests.ops.groups import until

FORK = multiprocessing.get_context("fork")


@pytest.mark.processes
def test_a_child_moves_the_pulse_of_its_parent() -> None:
    pulse = Pulse()
    until(lambda: pulse.still_seconds > 0.2)
    began = time.monotonic()
    child = FORK.Process(target=pulse.move)
    child.start()
    child.join(30)
    assert child.exitcode == 0
    assert pulse.still_seconds < time.monotonic() - began


def test_a_task_that_runs_moves_the_pulse_and_an_idle_process_does_not() -> None:
    pulse = Pulse()
    beacon = Beacon(pulse)
    beacon.light()
    until(lambda: pulse.still_seconds > 0.5)
    until(lambda: pulse.still_seconds < 0.5)
    beacon.dim()
    until(lambda: pulse.still_seconds > 2)
