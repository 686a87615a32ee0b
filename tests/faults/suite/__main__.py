"""`python -m tests.faults.suite`: injects faults, counts lost events, and exits with 1 if a fault fails."""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace

import click
from rich.console import Console

from dev import signals
from tests.faults.suite import report
from tests.faults.suite.conditions import Condition
from tests.faults.suite.fault import Fault
from tests.faults.suite.matrix import EVERY
from tests.faults.suite.redis_faults import Outage
from tests.faults.suite.verdict import Verdict

INTERRUPTED = 130


@click.command(
    epilog="""\b
    Examples:
      python -m tests.faults.suite                        # all faults, nearly an hour
      python -m tests.faults.suite --short                # the faults of make test-faults
      python -m tests.faults.suite --list
      python -m tests.faults.suite --only "worker killed" --times 20
      python -m tests.faults.suite --only bound --json    # all faults with this prefix
      python -m tests.faults.suite --only outage --seconds 3600
    """
)
@click.option("--only", "names", multiple=True, metavar="NAME", help="Only faults with this prefix; repeatable.")
@click.option("--times", type=click.IntRange(1), help="Repetitions, instead of the fault's own number.")
@click.option("--seconds", type=click.FloatRange(1), help="Duration of each outage, instead of 30 s.")
@click.option("--short", is_flag=True, help="A few repetitions of some faults, in under two minutes.")
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON.")
@click.option("--list", "listed", is_flag=True, help="Only list the faults.")
def main(
    names: Sequence[str], times: int | None, seconds: float | None, short: bool, as_json: bool, listed: bool
) -> None:
    """Inject faults into receiver, worker, beat, Redis and PostgreSQL under load, and count lost and repeated effects.

    Starts its own servers and processes. Ctrl-C stops it and prints the results so far. Exits with 1 if a fault fails.
    """
    chosen = [lasting(each, seconds) for each in choose(names, short=short)]
    if listed:
        click.echo("\n".join(f"{trial.name} x {trial.times}" for trial in chosen))
        return
    with signals.interruptible():
        try:
            verdicts = _run(chosen, times, short=short)
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
    if as_json:
        click.echo(json.dumps([report.plain(verdict) for verdict in verdicts], indent=2))
    else:
        report.show(verdicts, Console())
    if any(verdict.interrupted for verdict in verdicts):
        sys.exit(INTERRUPTED)
    sys.exit(not all(verdict.passed for verdict in verdicts))


def choose(names: Sequence[str], *, short: bool) -> list[Condition]:
    """The trials whose name has one of these prefixes; all without names. Raises UsageError for an unknown name."""
    chosen = [each for each in EVERY if (each.short or not short) and _is_named(each, names)]
    unknown = [name for name in names if not any(_is_named(each, [name]) for each in chosen)]
    if unknown:
        raise click.UsageError(f"No fault is called {unknown[0]!r}. `python -m tests.faults.suite --list` lists them.")
    return chosen


def lasting(trial: Condition, seconds: float | None) -> Condition:
    """The trial with an outage of this duration; any other trial unchanged."""
    if seconds and isinstance(trial, Fault) and isinstance(trial.inject, Outage):
        return replace(trial, inject=replace(trial.inject, seconds=seconds))
    return trial


def _is_named(trial: Condition, names: Sequence[str]) -> bool:
    return not names or any(trial.name.lower().startswith(name.lower()) for name in names)


def _run(chosen: Sequence[Condition], times: int | None, *, short: bool) -> list[Verdict]:
    """Run the trials in order; an interruption ends the current one, which is still judged, and starts no other."""
    console = Console(stderr=True)
    verdicts: list[Verdict] = []
    with console.status("starting") as status:
        for trial in chosen:
            began = time.monotonic()
            verdicts.append(trial.run(times or (trial.short if short else trial.times), status.update))
            word, took = "passed" if verdicts[-1].passed else "FAILED", time.monotonic() - began
            console.print(f"{word}  {trial.name} ({took:.0f} s)", highlight=False)
            if verdicts[-1].interrupted:
                break
    return verdicts


if __name__ == "__main__":
    main()
