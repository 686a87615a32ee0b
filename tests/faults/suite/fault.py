"""A fault as a value, and what is done with each: load, fault, load, judgement."""

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
    """One way in which things break."""

    name: str
    inject: Callable[[Stack], None]
    """Breaks it; returns when the cause is over (at once for a kill)."""
    times: int
    short: int = 0
    """How often in the short suite; 0: not there."""
    rate: float = 100
    """Deliveries a second meanwhile."""
    least: int = 0
    """How many events at least, in the whole run of `times`."""
    alone: bool = False
    """Whether all is well again before the next one, and the stated bound is judged."""
    throughout: bool = False
    """Whether the stated bound holds while the fault lasts, too: its time is not subtracted from any wait."""
    spotless: bool = False
    """Whether not one request may fail."""
    working: bool = False
    """Whether the worker applies something before each, so that it happens to one that has come back."""
    note: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    place: Callable[[], AbstractContextManager[Path]] = ordinary
    """Where the servers keep their data."""
    second: Sequence[str] = ()
    """Processes of which two run."""

    def run(self, times: int, say: Say) -> Verdict:
        """Break it so many times under load, on servers of its own."""
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
            stack.until(lambda: applied_since(stack, 0), "the worker applies what comes")
            self._break(stack, senders, injections, verdict, say)
            least = self.least * verdict.times // self.times
            stack.until(lambda: len(senders.told.accepted) >= least, f"{least} events were accepted", 600)
            say(f"{self.name}: waiting until all is applied")
            senders.finish()
            stack.settle()
        except (RecoveryFailed, TimeoutError) as error:
            verdict.wrong.append(str(error))
        finally:
            senders.abandon()
        judge(stack, senders.told, injections, verdict)
        if self.spotless and senders.told.failures:
            verdict.wrong.append(f"requests failed: {sorted({kind for _, kind in senders.told.failures})}")
        return verdict

    def _break(self, stack: Stack, senders: Senders, injections: list[Injection], verdict: Verdict, say: Say) -> None:
        """Once more and once more; an interruption ends this, and what was done is judged."""
        try:
            for number in range(verdict.times):
                say(f"{self.name}: {number + 1} of {verdict.times}, {len(senders.told.accepted):,} accepted")
                injections.append(self._inject(stack, senders))
        except KeyboardInterrupt:
            verdict.interrupted = True
            verdict.times = len(injections)

    def _inject(self, stack: Stack, senders: Senders) -> Injection:
        asked = time.time()
        if self.working:
            stack.until(lambda: done_since(stack, asked), "the worker applies what comes")
        time.sleep(random.uniform(0, 0.5))
        began = time.time()
        self.inject(stack)
        over = time.time()
        injection = Injection(over if self.throughout else began, over)
        stack.until(lambda: senders.accepted_since(injection.over), "the receiver accepts deliveries again")
        if self.alone:
            stack.until(lambda: applied_since(stack, injection.over), "the worker applies what comes")
            stack.until(lambda: not overdue(stack, injection.over), "everything acknowledged is applied")
        return injection


def applied_since(stack: Stack, moment: float) -> bool:
    """Whether anything was kept since then and is applied."""
    found = stack.run(
        "select 1 from webhook_events where status = 'applied' and received_at > to_timestamp(%s) limit 1", moment
    )
    return bool(found)


def overdue(stack: Stack, moment: float) -> bool:
    """Whether anything that was kept before then still waits."""
    found = stack.run(
        "select 1 from webhook_events where status = 'received' and received_at <= to_timestamp(%s) limit 1", moment
    )
    return bool(found)


def done_since(stack: Stack, moment: float) -> bool:
    """Whether anything was applied since then."""
    found = stack.run("select 1 from webhook_events where applied_at > to_timestamp(%s) limit 1", moment)
    return bool(found)
