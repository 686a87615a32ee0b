"""The measured rows, one per round, saved to a file after each so that an interrupted run loses nothing."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Values = dict[str, float]


TO = " to "
OR = " or "
"""Between what rows of one file were measured on, if they were measured on several."""


@dataclass(frozen=True, slots=True)
class Row:
    """One round of one contender at one setting (`at`: connections, a rate, a batch; 0 without a setting)."""

    measure: str
    contender: str
    at: int
    values: Values


@dataclass(slots=True)
class Results:
    """All rows, and the machine and scale of the measurement."""

    machine: dict[str, str] = field(default_factory=dict)
    scale: dict[str, Any] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)

    def machine_since(self, machine: dict[str, str]) -> dict[str, str]:
        """The machine of a new run, with the machines, versions and times of the rows that are kept."""
        if not self.rows:
            return machine
        found = self.machine | {name: _listed(self.machine.get(name), text) for name, text in machine.items()}
        return found | {"measured": f"{self.machine['measured'].partition(TO)[0]}{TO}{machine['measured']}"}

    def rounds(self, measure: str, contender: str, at: int, name: str) -> list[float]:
        """The values of one figure, one per round."""
        return [row.values[name] for row in self.of(measure) if (row.contender, row.at) == (contender, at)]

    def of(self, measure: str) -> list[Row]:
        """The rows of one measure."""
        return [row for row in self.rows if row.measure == measure]

    def contenders(self, measure: str) -> list[str]:
        """The contenders of a measure, in the order of the first round."""
        return list(dict.fromkeys(row.contender for row in self.of(measure)))

    def settings(self, measure: str) -> list[int]:
        """The settings of a measure, ascending."""
        return sorted({row.at for row in self.of(measure)})

    def without(self, measures: Sequence[str], contenders: Sequence[str]) -> "Results":
        """The results without the rows of these measures and contenders (all contenders if empty)."""
        rows = [row for row in self.rows if not (row.measure in measures and _belongs(row.contender, contenders))]
        return Results(self.machine, self.scale, rows)


def _listed(earlier: str | None, text: str) -> str:
    """Both, without repetitions."""
    return OR.join(dict.fromkeys([*(earlier.split(OR) if earlier else ()), text]))


def _belongs(contender: str, names: Sequence[str]) -> bool:
    return not names or contender.partition(",")[0] in names


def load(path: Path) -> Results:
    """Load a file; empty results if it does not exist."""
    if not path.exists():
        return Results()
    content = json.loads(path.read_text())
    return Results(content["machine"], content["scale"], [Row(**row) for row in content["rows"]])


def save(results: Results, path: Path) -> None:
    """Replace the file atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(as_json(results))
    draft.replace(path)


def as_json(results: Results) -> str:
    """The results as JSON with one row per line, so that versions can be compared."""
    rows = ",\n    ".join(json.dumps(_rounded(row)) for row in results.rows)
    head = ",\n  ".join(f'"{name}": {json.dumps(asdict(results)[name], indent=4)}' for name in ("machine", "scale"))
    return f'{{\n  {head},\n  "rows": [\n    {rows}\n  ]\n}}\n'


def _rounded(row: Row) -> dict[str, Any]:
    return {**asdict(row), "values": {name: float(f"{value:.6g}") for name, value in row.values.items()}}
