"""`python -m bench`: measures, stores each round, and prints the results."""

import contextlib
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import click
from rich.console import Console

from bench import node, report, rows
from bench.contender import Contender
from bench.contenders import AKAKO, ALL, NAMES, NODE, missing
from bench.databases import make_templates
from bench.measuring import MEASURES
from bench.rows import Results
from bench.scale import FULL, QUICK, Scale
from bench.setup import Setup
from dev.embedded.redis import DURABLE
from dev.embedded.servers import Servers

RESULTS = Path(__file__).with_name("results")
QUICK_PEERS = ("akako", "delay_payload", "delay_id", "node", "bare")
# Typical settings of a larger server; a checkpoint during a round would slow down only one contender.
POSTGRES = {"max_wal_size": "8GB", "max_connections": "300", "shared_buffers": "1GB"}
EXAMPLES = """
\b
Examples:
  python -m bench                             everything (more than an hour)
  python -m bench --quick                     the main rows at a small scale, in under three minutes
  python -m bench --only accepts --rounds 1 --add
                                              one more round of one measure, added to those in the file
  python -m bench --only applies --peers delay_id,node
                                              measure these again (and Akako Sync), keep the other rows
  python -m bench --only grown --servers .local/bench/servers
                                              on servers that keep their data, so that tables are filled once
"""


@click.command(epilog=EXAMPLES)
@click.option("--quick", is_flag=True, help="Only the main rows, at a small scale.")
@click.option("--only", multiple=True, type=click.Choice(list(MEASURES)), help="Run only this measure; repeatable.")
@click.option("--peers", help=f"Only these contenders and Akako Sync, comma-separated: {','.join(NAMES)}.")
@click.option("--rounds", type=click.IntRange(1), help="Number of rounds.")
@click.option("--add", is_flag=True, help="Add to the rounds in the results file instead of replacing them.")
@click.option(
    "--results",
    "file",
    type=click.Path(path_type=Path),
    help="Results file; rows that are not measured again are kept.",
)
@click.option("--servers", type=click.Path(path_type=Path), help="Data directory of the servers.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON instead of tables.")
def main(
    quick: bool,
    only: tuple[str, ...],
    peers: str | None,
    rounds: int | None,
    add: bool,
    file: Path | None,
    servers: Path | None,
    as_json: bool,
) -> None:
    """Compare Akako Sync with common alternatives, on servers that this command starts."""
    scale = QUICK if quick else FULL
    if rounds:
        scale = replace(scale, rounds=rounds)
    chosen = only or [name for name, measure in MEASURES.items() if measure.quick or not quick]
    contenders = _contenders(peers.split(",") if peers else QUICK_PEERS if quick else list(NAMES))
    path = file or RESULTS / ("quick.json" if quick else "full.json")
    stored = _stored(path, chosen, peers, contenders, add=add or False)
    with _directory(servers) as directory:
        measured = _measure(directory, scale, contenders, chosen, stored, path)
    if as_json:
        print(rows.as_json(measured))
    else:
        report.show(measured, Console(width=None if sys.stdout.isatty() else 160))
        Console(stderr=True).print(f"Stored in {path}")


def _contenders(names: Sequence[str]) -> list[Contender]:
    if unknown := set(names) - set(NAMES):
        raise click.UsageError(f"Unknown: {', '.join(sorted(unknown))}. Choose from: {', '.join(NAMES)}.")
    found = []
    for contender in ALL:
        if contender is AKAKO or contender.name in names:
            if why := missing(contender):
                click.echo(why, err=True)
            else:
                found.append(contender)
    return found


def _stored(
    path: Path, chosen: Sequence[str], peers: str | None, contenders: Sequence[Contender], *, add: bool
) -> Results:
    """The results in the file, without the rows that this run measures again."""
    found = rows.load(path)
    if add:
        return found
    names = [contender.name for contender in contenders] if peers else []
    return found.without([name for each in chosen for name in MEASURES[each].yields], names)


@contextlib.contextmanager
def _directory(named: Path | None) -> Iterator[Path]:
    if named:
        yield named
        return
    with tempfile.TemporaryDirectory(prefix="akako-bench-") as made:
        yield Path(made)


def _measure(
    directory: Path, scale: Scale, contenders: Sequence[Contender], chosen: Sequence[str], results: Results, path: Path
) -> Results:
    console = Console(stderr=True)
    servers = Servers(directory, postgres_options=POSTGRES, redis_options=DURABLE)
    with console.status("starting") as status, servers:
        if NODE in contenders:
            status.update("installing the Node peer's packages")
            node.prepare()
        make_templates(servers)
        setup = Setup(servers, directory, scale, contenders, status.update)
        results.machine, results.scale = results.machine_since(setup.machine()), asdict(scale)
        for name in chosen:
            for row in MEASURES[name].rows(setup):
                results.rows.append(row)
                rows.save(results, path)
    return results


if __name__ == "__main__":
    sys.exit(main())
