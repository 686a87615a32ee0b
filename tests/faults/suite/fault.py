"""A fault and how it is run: load, fault, load, verdict."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.suite.conditions import Say
from tests.faults.suite.disk import Impossible, ordinary
from tests.faults.suite.senders import Senders
from tests.faults.suite.stack import RecoveryFailed, Stack
from tests.faults.suite.verdict import BOUND_SECONDS, Injection, Verdict, judge


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault."""

    name: str
    inject: Callable[[Stack], None]
    """Injects the fault; returns when its cause is over (immediately for a kill)."""
    times: int
    short: int = 0
    """Repetitions in the short suite; 0: not included."""
    rate: float = 100
    """Deliveries per second meanwhile."""
    least: int = 0
    """The minimum number of events in a run of `times`."""
    alone: bool = False
    """Whether to wait for recovery before the next repetition, and to check the stated bound."""
    throughout: bool = False
    """Whether the bound applies during the fault, too: its duration is not subtracted from waits."""
    spotless: bool = False
    """Whether no request may fail."""
    working: bool = False
    """Whether to wait before each repetition until the worker applies events, so that it has recovered."""
    note: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    place: Callable[[], AbstractContextManager[Path]] = ordinary
    """The data directory of the servers."""
    second: Sequence[str] = ()
    """Processes that run twice."""

    def run(self, times: int, say: Say) -> Verdict:
        """Inject the fault `times` times under load, on its own servers."""
        try:
            with (
                self.place() as directory,
                Stack(directory, settings=self.settings, second=self.second) as stack,
            ):
                return self._run(stack, times, say)
        except Impossible as error:
            return Verdict(self.name, note=f"not run here. {error}")

    def _run(self, stack: Stack, times: int, say: Say) -> Verdict:
        verdict = Verdict(
            self.name, times, note=self.note, bound=BOUND_SECONDS if self.alone or self.throughout else None
        )
        senders, injections = Senders(stack.port, self.rate), list[Injection]()
        senders.start()
        try:
            stack.until(lambda: applied_since(stack, 0), "the worker applies new events")
            self._break(stack, senders, injections, verdict, say)
            least = self.least * verdict.times // self.times
            stack.until(lambda: len(senders.responses.accepted) >= least, f"{least} events were accepted", 600)
            say(f"{self.name}: waiting until all events are applied")
            senders.finish()
            stack.settle()
        except (RecoveryFailed, TimeoutError) as error:
            verdict.wrong.append(str(error))
        finally:
            senders.abandon()
        judge(stack, senders.responses, injections, verdict)
        if self.spotless and senders.responses.failures:
            verdict.wrong.append(f"requests failed: {sorted({kind for _, kind in senders.responses.failures})}")
        return verdict

    def _break(self, stack: Stack, senders: Senders, injections: list[Injection], verdict: Verdict, say: Say) -> None:
        """Inject the fault repeatedly; after an interruption, the repetitions so far are judged."""
        try:
            for number in range(verdict.times):
                say(f"{self.name}: {number + 1} of {verdict.times}, {len(senders.responses.accepted):,} accepted")
                injections.append(self._inject(stack, senders))
        except KeyboardInterrupt:
            verdict.interrupted = True
            verdict.times = len(injections)

    def _inject(self, stack: Stack, senders: Senders) -> Injection:
        requested = time.time()
        if self.working:
            stack.until(lambda: done_since(stack, requested), "the worker applies new events")
        time.sleep(random.uniform(0, 0.5))
        began = time.time()
        self.inject(stack)
        over = time.time()
        injection = Injection(over if self.throughout else began, over)
        stack.until(lambda: senders.accepted_since(injection.over), "the receiver accepts deliveries again")
        if self.alone:
            stack.until(lambda: applied_since(stack, injection.over), "the worker applies new events")
            stack.until(lambda: not overdue(stack, injection.over), "everything acknowledged is applied")
        return injection


def applied_since(stack: Stack, moment: float) -> bool:
    """Whether any event stored since then is applied."""
    found = stack.run(
        "select 1 from webhook_events where status = 'applied' and received_at > to_timestamp(%s) limit 1", moment
    )
    return bool(found)


def overdue(stack: Stack, moment: float) -> bool:
    """Whether any event stored before then is not applied yet."""
    found = stack.run(
        "select 1 from webhook_events where status = 'received' and received_at <= to_timestamp(%s) limit 1", moment
    )
    return bool(found)


def done_since(stack: Stack, moment: float) -> bool:
    """Whether any event was applied since then."""
    found = stack.run("select 1 from webhook_events where applied_at > to_timestamp(%s) limit 1", moment)
    return bool(found)
