"""`python -m bench`: measure, keep each round, and show what came of it."""

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

KEPT = Path(__file__).with_name("results")
QUICK_PEERS = ("akako", "delay_payload", "delay_id", "node", "bare")
# As every server of some size is set; a checkpoint in the middle of a round would fall on one contender alone.
POSTGRES = {"max_wal_size": "8GB", "max_connections": "300", "shared_buffers": "1GB"}
EXAMPLES = """
\b
Examples:
  python -m bench                             everything (more than an hour)
  python -m bench --quick                     the main rows in small, in under three minutes
  python -m bench --only accepts --rounds 1 --add
                                              one more round of one measure, beside those in the file
  python -m bench --only applies --peers delay_id,node
                                              these measured again (ours always with them), the rest kept
  python -m bench --only grown --servers .local/bench/servers
                                              on servers that keep their data, so that it is filled once
"""


@click.command(epilog=EXAMPLES)
@click.option("--quick", is_flag=True, help="The main rows only, in small.")
@click.option("--only", multiple=True, type=click.Choice(list(MEASURES)), help="Measure this alone; may be repeated.")
@click.option("--peers", help=f"Beside ours, these only, with commas: {','.join(NAMES)}.")
@click.option("--rounds", type=click.IntRange(1), help="How often everything is measured, in turn.")
@click.option("--add", is_flag=True, help="Keep the rounds that the file has, and add to them.")
@click.option(
    "--results", "file", type=click.Path(path_type=Path), help="The file of results; others' rows stay in it."
)
@click.option("--servers", type=click.Path(path_type=Path), help="A directory where the servers keep their data.")
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
    """Measure ours beside what people use instead, on servers of this run's own."""
    scale = QUICK if quick else FULL
    if rounds:
        scale = replace(scale, rounds=rounds)
    chosen = only or [name for name, measure in MEASURES.items() if measure.quick or not quick]
    contenders = _contenders(peers.split(",") if peers else QUICK_PEERS if quick else list(NAMES))
    path = file or KEPT / ("quick.json" if quick else "full.json")
    kept = _kept(path, chosen, peers, contenders, add=add or False)
    with _directory(servers) as directory:
        measured = _measure(directory, scale, contenders, chosen, kept, path)
    if as_json:
        print(rows.as_json(measured))
    else:
        report.show(measured, Console(width=None if sys.stdout.isatty() else 160))
        Console(stderr=True).print(f"Kept in {path}")


def _contenders(names: Sequence[str]) -> list[Contender]:
    if unknown := set(names) - set(NAMES):
        raise click.UsageError(f"unknown: {', '.join(sorted(unknown))}. There are: {', '.join(NAMES)}.")
    found = []
    for contender in ALL:
        if contender is AKAKO or contender.name in names:
            if why := missing(contender):
                click.echo(why, err=True)
            else:
                found.append(contender)
    return found


def _kept(
    path: Path, chosen: Sequence[str], peers: str | None, contenders: Sequence[Contender], *, add: bool
) -> Results:
    """What the file holds, less what this run measures again."""
    held = rows.load(path)
    if add:
        return held
    names = [contender.name for contender in contenders] if peers else []
    return held.without([name for each in chosen for name in MEASURES[each].yields], names)


@contextlib.contextmanager
def _directory(named: Path | None) -> Iterator[Path]:
    if named:
        yield named
        return
    with tempfile.TemporaryDirectory(prefix="akako-bench-") as made:
        yield Path(made)


def _measure(
    directory: Path, scale: Scale, contenders: Sequence[Contender], chosen: Sequence[str], kept: Results, path: Path
) -> Results:
    console = Console(stderr=True)
    servers = Servers(directory, postgres_options=POSTGRES, redis_options=DURABLE)
    with console.status("starting") as status, servers:
        if NODE in contenders:
            status.update("installing the Node peer's packages")
            node.prepare()
        make_templates(servers)
        setup = Setup(servers, directory, scale, contenders, status.update)
        kept.machine, kept.scale = setup.machine(), asdict(scale)
        for name in chosen:
            for row in MEASURES[name].rows(setup):
                kept.rows.append(row)
                rows.keep(kept, path)
    return kept


if __name__ == "__main__":
    sys.exit(main())
