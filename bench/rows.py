"""What was measured: one row a round, kept in a file after each, so that a run that ends early has lost nothing."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Values = dict[str, float]


@dataclass(frozen=True, slots=True)
class Row:
    """One round of one contender at one setting (`at`: connections, a rate, a batch; 0 where there is none)."""

    measure: str
    contender: str
    at: int
    values: Values


@dataclass(slots=True)
class Results:
    """All rows, and what they were measured on."""

    machine: dict[str, str] = field(default_factory=dict)
    scale: dict[str, Any] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)

    def rounds(self, measure: str, contender: str, at: int, name: str) -> list[float]:
        """One figure, a round an entry."""
        return [row.values[name] for row in self.of(measure) if (row.contender, row.at) == (contender, at)]

    def of(self, measure: str) -> list[Row]:
        """The rows of one measure."""
        return [row for row in self.rows if row.measure == measure]

    def contenders(self, measure: str) -> list[str]:
        """Who was measured, in the order of the first round."""
        return list(dict.fromkeys(row.contender for row in self.of(measure)))

    def settings(self, measure: str) -> list[int]:
        """At what it was measured, ascending."""
        return sorted({row.at for row in self.of(measure)})

    def without(self, measures: Sequence[str], contenders: Sequence[str]) -> "Results":
        """The same, less what is about to be measured again."""
        rows = [row for row in self.rows if not (row.measure in measures and _belongs(row.contender, contenders))]
        return Results(self.machine, self.scale, rows)


def _belongs(contender: str, names: Sequence[str]) -> bool:
    return not names or contender.partition(",")[0] in names


def load(path: Path) -> Results:
    """What a file holds; nothing, where there is none."""
    if not path.exists():
        return Results()
    held = json.loads(path.read_text())
    return Results(held["machine"], held["scale"], [Row(**row) for row in held["rows"]])


def keep(results: Results, path: Path) -> None:
    """Write the file anew, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(as_json(results))
    draft.replace(path)


def as_json(results: Results) -> str:
    """One row a line, so that two versions can be compared."""
    rows = ",\n    ".join(json.dumps(_rounded(row)) for row in results.rows)
    head = ",\n  ".join(f'"{name}": {json.dumps(asdict(results)[name], indent=4)}' for name in ("machine", "scale"))
    return f'{{\n  {head},\n  "rows": [\n    {rows}\n  ]\n}}\n'


def _rounded(row: Row) -> dict[str, Any]:
    return {**asdict(row), "values": {name: float(f"{value:.6g}") for name, value in row.values.items()}}
