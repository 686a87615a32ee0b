"""The page that compares receivers agrees with the results of the last run, and the run with today's scenarios."""

from dev.conformance import catalogue
from dev.conformance.judgement import Verdict
from tests.conformance import results, tokens
from tests.conformance.incidents import OUTAGES, SIGNED_IN
from tests.conformance.page import PAGE, rendered

FOUND = results.read()


def test_the_page_shows_the_results_of_the_last_run() -> None:
    """`python -m tests.conformance.page` writes them."""
    assert PAGE.read_text("utf-8") == rendered(PAGE.read_text("utf-8"), FOUND)


def test_the_last_run_had_the_scenarios_of_today() -> None:
    """`python -m tests.conformance` runs them."""
    assert FOUND.scenarios == {each.name: each.sentence for each in (*catalogue.EVERY, *SIGNED_IN, *OUTAGES)}
    assert {frozenset(outcomes) for outcomes in FOUND.outcomes.values()} == {frozenset(FOUND.scenarios)}
    assert FOUND.tokens == tokens.names()


def test_this_project_passed_every_scenario_and_refused_every_invalid_token() -> None:
    assert {each.verdict for each in FOUND.outcomes["akako"].values()} == {Verdict.PASSED}
    assert FOUND.verifiers["Akako Sync"] == FOUND.tokens


def test_the_commands_of_the_page_are_in_it() -> None:
    page = PAGE.read_text("utf-8")

    assert "python -m tests.conformance" in page
    assert "akako conformance --url" in page
