"""Single-flight cache: concurrent callers share one computation."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from health import forking

Result = TypeVar("Result")


class SingleFlight(Generic[Result]):
    """Computes again when the result is older than `fresh` seconds; callers wait `patience` seconds at most.

    While a computation runs, no other is started, however long it takes: a slow server gets no additional requests.
    """

    def __init__(self, compute: Callable[[], Result], *, fresh: float, patience: float) -> None:
        self._compute = compute
        self._fresh = fresh
        self._patience = patience
        self._lock = threading.Lock()
        self._result: Future[Result] | None = None
        self._started_at = 0.0

    def get(self) -> Result:
        """The result. Raises TimeoutError if it takes too long, and the error that the computation raised."""
        with self._lock:
            if self._result is None or (self._result.done() and time.monotonic() - self._started_at > self._fresh):
                self._result = self._start()
            result = self._result
        return result.result(self._patience)

    def _start(self) -> Future[Result]:
        result: Future[Result] = Future()
        self._started_at = time.monotonic()
        # Not a thread of an executor, since the process would wait for it at exit.
        forking.start(lambda: self._run(result))
        return result

    def _run(self, result: "Future[Result]") -> None:
        try:
            result.set_result(self._compute())
        except Exception as error:
            result.set_exception(error)
