"""The fault suite detects lost events, events applied twice and late recovery."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from clerk.signature import SigningSecrets
from tests.faults.suite import report
from tests.faults.suite.__main__ import choose, main
from tests.faults.suite.deliveries import SECRET, Numbered
from tests.faults.suite.disk import ordinary
from tests.faults.suite.senders import Responses, Senders
from tests.faults.suite.stack import Stack
from tests.faults.suite.verdict import BOUND_SECONDS, Injection, Verdict, judge


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Two events, accepted and applied."""
    with ordinary() as directory, Stack(directory) as made:
        Senders(made.port, 1).deliver(0, 1)
        made.settle()
        yield made


def responses(*numbers: int, at: float = 0.0) -> Responses:
    return Responses(accepted=dict.fromkeys(numbers, at))


def judged(stack: Stack, answers: Responses, *injections: Injection) -> Verdict:
    return judge(stack, answers, injections, Verdict("test"))


@pytest.mark.faults
def test_an_accepted_and_applied_event_is_neither_lost_nor_applied_twice(stack: Stack) -> None:
    verdict = judged(stack, responses(0, 1))
    assert (verdict.accepted, verdict.lost, verdict.twice) == (2, 0, 0)


@pytest.mark.faults
def test_an_accepted_event_that_is_not_stored_is_lost(stack: Stack) -> None:
    assert not judged(stack, responses(0, 1, 98)).passed


@pytest.mark.faults
def test_an_event_without_its_effect_is_lost(stack: Stack) -> None:
    stack.run("update users set banned = false")
    verdict = judged(stack, responses(0, 1))
    stack.run("update users set banned = true")
    assert verdict.lost == 1


@pytest.mark.faults
def test_a_second_audit_line_is_an_event_applied_twice(stack: Stack) -> None:
    before = judged(stack, responses(0, 1)).twice
    stack.run("insert into audit_log (action, clerk_user_id, actor) values ('role.assigned', 'user_00000000', 'x')")
    assert judged(stack, responses(0, 1)).twice == before + 1


@pytest.mark.faults
def test_a_wait_counts_from_the_answer_without_the_duration_of_the_fault(stack: Stack) -> None:
    ((applied,),) = stack.run(
        "select extract(epoch from pg_xact_commit_timestamp(xmin))::float from webhook_events where svix_id = %s",
        Numbered(0).svix_id,
    )
    fault = Injection(began=applied - 50, over=applied - 10)
    verdict = judged(stack, responses(0, at=applied - 55), fault)
    assert verdict.longest == pytest.approx(15)
    assert verdict.recoveries == [pytest.approx(10)]


def test_a_recovery_longer_than_the_bound_fails() -> None:
    late = Verdict("test", bound=BOUND_SECONDS, recoveries=[BOUND_SECONDS + 0.1])
    assert (late.passed, Verdict("test", bound=BOUND_SECONDS, recoveries=[1.0]).passed) == (False, True)


def test_a_numbered_delivery_has_a_valid_signature() -> None:
    delivery = Numbered(7)
    headers = [(name.encode(), value.encode()) for name, value in delivery.headers().items()]
    assert SigningSecrets([SECRET]).verify(headers, delivery.body()).svix_id == delivery.svix_id


def test_faults_are_selected_by_a_prefix_of_their_name() -> None:
    assert [trial.name for trial in choose(["redis unr"], short=False)] == ["Redis unresponsive for 30 s"]
    assert {trial.short > 0 for trial in choose([], short=True)} == {True}


def test_an_unknown_fault_is_refused_with_advice() -> None:
    refused = CliRunner().invoke(main, ["--only", "earthquake"])
    assert (refused.exit_code, "--list" in refused.output) == (2, True)


def test_help_has_examples_and_list_prints_every_fault() -> None:
    assert "Examples:" in CliRunner().invoke(main, ["--help"]).output
    assert len(CliRunner().invoke(main, ["--list"]).output.splitlines()) == len(choose([], short=False))


def test_a_failed_verdict_is_marked_in_the_table(tmp_path: Path) -> None:
    with (tmp_path / "shown").open("w") as shown:
        report.show([Verdict("test", lost=1, wrong=["why"])], Console(file=shown, width=160))
    text = (tmp_path / "shown").read_text()
    assert "FAILED" in text
    assert "test: why" in text
    assert "FAILED" in report.markdown([Verdict("test", lost=1)])
