"""`python -m bench.page`: writes the stored results between the marks of `docs/benchmarks.md`, with plots."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from bench import report, rows
from bench.rows import Results
from bench.tables import Sheet, sheets

DOCS = Path(__file__).parents[1] / "docs"
RESULTS = Path(__file__).with_name("results") / "full.json"
BEGIN, END = "<!-- measured: written by `python -m bench.page` -->", "<!-- /measured -->"
PLOTS = {
    "Deliveries stored, as fast as answers come": ("accepts", "waits"),
    "Latency at a fixed rate, from when each was due": ("steady",),
    "Events applied from a backlog": ("applies",),
    "From 202 to the role": ("visible",),
    "A burst of 100,000, from empty to settled": ("burst",),
}


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True), default=RESULTS)
def main(file: Path) -> None:
    """Render the page from the results in FILE.

    \b
    Example:
      python -m bench.page bench/results/full.json
    """
    from bench import plots  # needs packages that only the benchmark installs

    results = rows.load(file)
    drawn = plots.draw(results, DOCS / "benchmarks")
    page = DOCS / "benchmarks.md"
    page.write_text(rendered(page.read_text(), results, drawn))
    click.echo(f"Written: {page} and {len(drawn)} plots")


def rendered(text: str, results: Results, drawn: Sequence[str]) -> str:
    """The page with new content between its marks. Raises ClickException if a mark is missing."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not after:
        raise click.ClickException(f"docs/benchmarks.md has no marks. Restore {BEGIN} and {END}.")
    return f"{before}{BEGIN}\n\n" + "\n".join(_measured(results, drawn)) + f"\n{END}{after}"


def _measured(results: Results, drawn: Sequence[str]) -> Iterator[str]:
    for sheet in sheets(results):
        heading, blank, *table = report.markdown(sheet)
        yield from (heading, blank)
        for name in _plots(sheet, drawn):
            yield from (f"![{sheet.title}: {name}](benchmarks/{name}.svg)", "")
        yield from table


def _plots(sheet: Sheet, drawn: Sequence[str]) -> list[str]:
    return [name for name in PLOTS.get(sheet.title, ()) if name in drawn]


if __name__ == "__main__":
    main()
