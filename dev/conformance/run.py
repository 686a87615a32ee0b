"""Runs a scenario: sends its requests, repeats those that Svix would repeat, and judges the outcome."""

from collections import defaultdict
from collections.abc import Sequence

from dev.conformance.judgement import Observed, Result, judge
from dev.conformance.observer import Observer
from dev.conformance.scenario import Answer, Expected, Scenario, Sender, Step, Steps
from dev.conformance.sending import Client

RETRIES = 2


def run(scenario: Scenario, sender: Sender, client: Client, observer: Observer | None = None) -> Result:
    """The result of a scenario. Raises Unreachable."""
    return _Run(scenario.build(sender), client, observer).result(scenario)


class _Run:
    def __init__(self, steps: Steps, client: Client, observer: Observer | None) -> None:
        self._steps = steps
        self._client = client
        self._observer = observer
        self._rows: defaultdict[str, set[str]] = defaultdict(set)
        self._retried = False

    def result(self, scenario: Scenario) -> Result:
        answers = [self._send(step) for step in self._steps.steps]
        for _ in range(RETRIES):
            answers = [self._again(step, seen) for step, seen in zip(self._steps.steps, answers, strict=True)]
        return judge(scenario, self._steps, self._observed(answers))

    def _again(self, step: Step, answers: Sequence[Answer]) -> Sequence[Answer]:
        """Send a delivery again that was not accepted, as Svix does, after the others."""
        if step.expected is not Expected.ACCEPTED or all(map(step.expected.allows, answers)):
            return answers
        self._retried = True
        return self._send(step)

    def _send(self, step: Step) -> Sequence[Answer]:
        if self._observer is None:
            return self._client.send(step)
        self._observer.before(step)
        answers = self._client.send(step)
        self._observer.settle()
        self._note_rows(self._observer)
        return answers

    def _note_rows(self, observer: Observer) -> None:
        for expected in self._steps.leaves:
            if found := observer.user(expected.clerk_id):
                self._rows[expected.clerk_id].add(found.row)

    def _observed(self, answers: Sequence[Sequence[Answer]]) -> Observed:
        if self._observer is None:
            return Observed(answers, self._retried)
        users = {expected.clerk_id: self._observer.user(expected.clerk_id) for expected in self._steps.leaves}
        return Observed(answers, self._retried, users, self._rows)
