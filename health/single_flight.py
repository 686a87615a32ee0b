"""A question that many ask and one thread at a time finds the answer to."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from health import forking

Answer = TypeVar("Answer")


class SingleFlight(Generic[Answer]):
    """Asks anew when the newest answer is older than `fresh` seconds, and waits for it `patience` seconds at most.

    While an answer is out, nobody asks again, however long it takes: what does not answer is not asked more often.
    """

    def __init__(self, question: Callable[[], Answer], *, fresh: float, patience: float) -> None:
        self._question = question
        self._fresh = fresh
        self._patience = patience
        self._turn = threading.Lock()
        self._answer: Future[Answer] | None = None
        self._asked_at = 0.0

    def get(self) -> Answer:
        """The answer. Raises TimeoutError if it takes too long, and whatever the question raised."""
        with self._turn:
            if self._answer is None or (self._answer.done() and time.monotonic() - self._asked_at > self._fresh):
                self._answer = self._ask()
            answer = self._answer
        return answer.result(self._patience)

    def _ask(self) -> Future[Answer]:
        answer: Future[Answer] = Future()
        self._asked_at = time.monotonic()
        # Not an executor's thread, for which the process would wait at its end.
        forking.start(lambda: self._find(answer))
        return answer

    def _find(self, answer: "Future[Answer]") -> None:
        try:
            answer.set_result(self._question())
        except Exception as error:
            answer.set_exception(error)
