"""`python -m tests.faults.suite`: break things, count, and end with 1 if anything is not as promised."""

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
      python -m tests.faults.suite                        # everything, the better part of an hour
      python -m tests.faults.suite --short                # what the test command runs
      python -m tests.faults.suite --list
      python -m tests.faults.suite --only "worker killed" --times 20
      python -m tests.faults.suite --only bound --json    # all whose names begin like this
      python -m tests.faults.suite --only outage --seconds 3600
    """
)
@click.option("--only", "names", multiple=True, metavar="NAME", help="Faults whose name begins so; several times.")
@click.option("--times", type=click.IntRange(1), help="How often, instead of each one's own number.")
@click.option("--seconds", type=click.FloatRange(1), help="How long each outage lasts, instead of 30 s.")
@click.option("--short", is_flag=True, help="A few of each, in under two minutes.")
@click.option("--json", "as_json", is_flag=True, help="The table as JSON.")
@click.option("--list", "listed", is_flag=True, help="Only list the faults.")
def main(
    names: Sequence[str], times: int | None, seconds: float | None, short: bool, as_json: bool, listed: bool
) -> None:
    """Break receiver, worker, calendar, Redis and PostgreSQL under load, and count what was lost or applied twice.

    Servers and processes are this command's own. Ctrl-C ends it with what was
    done so far. Ends with 1 if anything is not as promised.
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
    sys.exit(not all(verdict.kept for verdict in verdicts))


def choose(names: Sequence[str], *, short: bool) -> list[Condition]:
    """The trials whose name begins like one of these; all, if there is none. Raises UsageError for an unknown name."""
    chosen = [each for each in EVERY if (each.short or not short) and _is_named(each, names)]
    unknown = [name for name in names if not any(_is_named(each, [name]) for each in chosen)]
    if unknown:
        raise click.UsageError(f"no fault is called {unknown[0]!r}; `python -m tests.faults.suite --list` lists them")
    return chosen


def lasting(trial: Condition, seconds: float | None) -> Condition:
    """The trial with an outage of this length; any other trial as it is."""
    if seconds and isinstance(trial, Fault) and isinstance(trial.inject, Outage):
        return replace(trial, inject=replace(trial.inject, seconds=seconds))
    return trial


def _is_named(trial: Condition, names: Sequence[str]) -> bool:
    return not names or any(trial.name.lower().startswith(name.lower()) for name in names)


def _run(chosen: Sequence[Condition], times: int | None, *, short: bool) -> list[Verdict]:
    """One after the other; an interruption ends the one that runs, which is judged, and begins no other."""
    console = Console(stderr=True)
    verdicts: list[Verdict] = []
    with console.status("starting") as status:
        for trial in chosen:
            began = time.monotonic()
            verdicts.append(trial.run(times or (trial.short if short else trial.times), status.update))
            word, took = "kept  " if verdicts[-1].kept else "BROKEN", time.monotonic() - began
            console.print(f"{word}  {trial.name} ({took:.0f} s)", highlight=False)
            if verdicts[-1].interrupted:
                break
    return verdicts


if __name__ == "__main__":
    main()
