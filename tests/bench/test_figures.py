import pytest

from bench.figures import Figure, figure, percentile, ratio
from bench.targets import Verdict


def test_a_figure_is_the_median_of_its_rounds_with_minimum_and_maximum() -> None:
    assert figure([5, 1, 3]) == Figure(median=3, least=1, most=5)


def test_a_ratio_compares_neighbouring_rounds() -> None:
    assert ratio([10, 40, 90], [1, 2, 3]) == Figure(median=20, least=10, most=30)


@pytest.mark.parametrize(("share", "value"), [(0.5, 51), (0.99, 100), (1, 100)])
def test_a_percentile_is_a_value_that_was_measured(share: float, value: int) -> None:
    assert percentile(range(100, 0, -1), share) == value


def test_a_minimum_is_met_from_its_value_upwards() -> None:
    verdicts = [Verdict("speed", "x", 8, at_most=False, reached=figure([value])) for value in (7.9, 8, 8.1)]
    assert [verdict.met for verdict in verdicts] == [False, True, True]


def test_a_maximum_is_met_up_to_its_value() -> None:
    verdicts = [Verdict("wait", "ms", 100, at_most=True, reached=figure([value])) for value in (99, 100, 101)]
    assert [verdict.met for verdict in verdicts] == [True, True, False]
