"""A short version of the fault suite: no fault loses an event or applies one twice. `make faults` runs all of it."""

import pytest

from tests.faults.suite.conditions import Condition
from tests.faults.suite.matrix import EVERY

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

SHORT = [trial for trial in EVERY if trial.short]


@pytest.mark.parametrize("trial", SHORT, ids=lambda trial: trial.name)
def test_no_event_is_lost_or_applied_twice(trial: Condition) -> None:
    verdict = trial.run(trial.short, lambda _: None)
    assert (verdict.lost, verdict.twice, verdict.wrong) == (0, 0, [])
    assert verdict.passed
    assert verdict.accepted or verdict.note
