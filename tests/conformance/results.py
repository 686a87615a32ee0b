"""The results of a run, as they are committed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dev.conformance.judgement import Verdict

PATH = Path(__file__).with_name("results.json")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one scenario for one receiver."""

    verdict: Verdict
    seen: str
    problem: str


@dataclass(frozen=True, slots=True)
class Results:
    """What was measured, when, and with which versions."""

    measured: str
    versions: Mapping[str, str]
    scenarios: Mapping[str, str]
    """The sentence of each scenario, by name."""
    receivers: Mapping[str, str]
    """The title of each receiver, by name."""
    outcomes: Mapping[str, Mapping[str, Outcome]]
    """By receiver and scenario."""
    tokens: Mapping[str, bool]
    """Whether each kind of token has to be accepted."""
    verifiers: Mapping[str, Mapping[str, bool]]
    """Whether it was, by verifier and kind of token."""


def write(results: Results, path: Path = PATH) -> None:
    """Write the results as JSON."""
    path.write_text(json.dumps(asdict(results), ensure_ascii=False, indent=1) + "\n", "utf-8")


def read(path: Path = PATH) -> Results:
    """The results that were written."""
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    outcomes = {name: _outcomes(each) for name, each in found.pop("outcomes").items()}
    return Results(outcomes=outcomes, **found)


def _outcomes(found: Mapping[str, Mapping[str, str]]) -> dict[str, Outcome]:
    return {name: Outcome(Verdict(each["verdict"]), each["seen"], each["problem"]) for name, each in found.items()}


def passed(outcomes: Sequence[Outcome]) -> tuple[int, int]:
    """How many scenarios passed, and how many apply."""
    applicable = [each for each in outcomes if each.verdict is not Verdict.SKIPPED]
    return sum(each.verdict is Verdict.PASSED for each in applicable), len(applicable)
