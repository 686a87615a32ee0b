import threading

import pytest

from health.single_flight import SingleFlight
from tests.meanwhile import at_once


class Question:
    """Answers how often it was asked, after something has happened."""

    def __init__(self, wait: threading.Event | None = None) -> None:
        self.count = 0
        self._wait = wait

    def __call__(self) -> int:
        self.count += 1
        if self._wait is not None:
            self._wait.wait(10)
        return self.count


def test_many_who_ask_at_once_are_answered_by_one_question() -> None:
    question = SingleFlight(Question(), fresh=60, patience=5)
    assert set(at_once(*[question.get] * 8)) == {1}


def test_a_question_that_takes_too_long_is_not_asked_again_while_it_is_out() -> None:
    answered = threading.Event()
    asked = Question(answered)
    question = SingleFlight(asked, fresh=0, patience=0.05)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            question.get()
    answered.set()
    assert asked.count == 1


def test_an_answer_that_is_not_fresh_is_asked_for_anew() -> None:
    question = SingleFlight(Question(), fresh=-1, patience=5)
    assert (question.get(), question.get()) == (1, 2)


def test_whatever_the_question_raises_is_raised() -> None:
    question = SingleFlight(lambda: int("no number"), fresh=60, patience=5)
    with pytest.raises(ValueError, match="no number"):
        question.get()
