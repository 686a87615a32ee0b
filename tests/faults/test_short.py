"""The fault suite in small: nothing lost and nothing applied twice, whatever breaks. `make faults` runs it whole."""

import pytest

from tests.faults.suite.conditions import Condition
from tests.faults.suite.matrix import EVERY

pytestmark = pytest.mark.faults

SHORT = [trial for trial in EVERY if trial.short]


@pytest.mark.parametrize("trial", SHORT, ids=lambda trial: trial.name)
def test_nothing_is_lost_and_nothing_applied_twice(trial: Condition) -> None:
    verdict = trial.run(trial.short, lambda _: None)
    assert (verdict.lost, verdict.twice, verdict.wrong) == (0, 0, [])
    assert verdict.kept
    assert verdict.accepted or verdict.note
