"""`python -m tests.conformance.page`: writes the results between the marks of `docs/explanation/comparison.md`."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from dev.conformance.judgement import Verdict
from tests.conformance import results
from tests.conformance.results import Results, passed

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "comparison.md"
BEGIN, END = "<!-- measured: written by `python -m tests.conformance.page` -->", "<!-- /measured -->"
SYMBOLS = {Verdict.PASSED: "✓", Verdict.FAILED: "✗", Verdict.SKIPPED: "–"}


def rendered(text: str, found: Results) -> str:
    """The page with the results between its marks. Raises ValueError without marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"The page has no marks: {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n" + "\n".join(_measured(found)) + f"\n\n{END}{after}"


def _measured(found: Results) -> Iterator[str]:
    yield (
        f"Measured on {found.measured} with "
        + ", ".join(f"{name} {number}" for name, number in found.versions.items())
        + "."
    )
    yield from ("", "### Scenarios", "")
    yield from _scenarios(found)
    yield from ("", "### What went wrong", "")
    yield from _failures(found)
    yield ""
    yield from _skipped(found)
    yield from ("", "### Session tokens", "")
    yield from _tokens(found)


def _scenarios(found: Results) -> Iterator[str]:
    names = list(found.receivers)
    yield from _head(["scenario", *found.receivers.values()])
    for scenario, sentence in found.scenarios.items():
        symbols = [SYMBOLS[found.outcomes[name][scenario].verdict] for name in names]
        yield _row([f"`{scenario}`: {sentence}", *symbols])
    totals = [passed(list(found.outcomes[name].values())) for name in names]
    yield _row(["**passed, of those that apply**", *(f"**{count} of {all_}**" for count, all_ in totals)])


def _failures(found: Results) -> Iterator[str]:
    yield from _head(["receiver", "scenario", "answers", "problem"])
    for name, title in found.receivers.items():
        for scenario, outcome in found.outcomes[name].items():
            if outcome.verdict is Verdict.FAILED:
                yield _row([title, f"`{scenario}`", outcome.seen, outcome.problem])


def _skipped(found: Results) -> Iterator[str]:
    yield from _head(["receiver", "scenarios", "why they do not apply"])
    for name, title in found.receivers.items():
        skipped = {scenario: each for scenario, each in found.outcomes[name].items() if each.verdict is Verdict.SKIPPED}
        for reason in dict.fromkeys(each.problem for each in skipped.values()):
            scenarios = [f"`{scenario}`" for scenario, each in skipped.items() if each.problem == reason]
            yield _row([title, ", ".join(scenarios), reason])


def _tokens(found: Results) -> Iterator[str]:
    yield from _head(["verifier", "refuses every invalid token", "accepts"])
    for name, accepted in found.verifiers.items():
        wrong = [token for token, expected in found.tokens.items() if accepted[token] and not expected]
        refused = [token for token, expected in found.tokens.items() if expected and not accepted[token]]
        listed = wrong + [f"refuses a {token} token" for token in refused]
        yield _row([name, "✗" if listed else "✓", ", ".join(listed)])


def _head(names: Sequence[str]) -> Iterator[str]:
    yield _row(names)
    yield "|" + "---|" * len(names)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    PAGE.write_text(rendered(PAGE.read_text("utf-8"), results.read()), "utf-8")
    print(f"Written: {PAGE}")
