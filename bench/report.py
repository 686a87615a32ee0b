from rich.console import Console
from bench.rows import Results


def show(results: Results, console: Console) -> None:
    for r in results.rows:
        console.print(r.measure, r.contender, r.at, {k: round(v, 2) for k, v in r.values.items()})
