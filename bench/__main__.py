"""`python -m bench`: measure, show, and keep the results."""

import json
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console

from bench import report
from bench.run import Bench, Results
from bench.scale import FULL, QUICK, Scale
from ops.embedded.redis import DURABLE
from ops.embedded.servers import Servers

RESULTS = Path(__file__).with_name("results")
# As every server of some size is set; a checkpoint in the middle of a round would fall on one contender alone.
POSTGRES = {"max_wal_size": "4GB"}


@click.command()
@click.option("--quick", is_flag=True, help="A look in under three minutes, instead of the whole.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Where to write the results, too.")
def main(quick: bool, file: Path | None) -> None:
    """Measure ours beside what people use instead, on servers of this run's own."""
    console = Console()
    with tempfile.TemporaryDirectory(prefix="akako-bench-") as directory:
        results = _measure(Path(directory), QUICK if quick else FULL, console)
    report.show(results, console)
    place = _place()
    for path in (place, *([file] if file else [])):
        path.write_text(json.dumps(asdict(results), indent=2) + "\n")
    place.with_suffix(".md").write_text(report.markdown(results))
    console.print(f"Kept in {place}")


def _measure(directory: Path, scale: Scale, console: Console) -> Results:
    servers = Servers(directory, postgres_options=POSTGRES, redis_options=DURABLE)
    with servers, console.status("starting") as status:
        return Bench(servers, directory, scale, status.update).run()


def _place() -> Path:
    RESULTS.mkdir(exist_ok=True)
    return RESULTS / f"{datetime.now(UTC):%Y-%m-%dT%H%M}.json"


if __name__ == "__main__":
    main()
