"""`akako demo`: the main job, on real servers and processes, before one's eyes."""

import sys
import tempfile
import time
from pathlib import Path

import click
from rich.console import Console
from sqlalchemy.exc import DBAPIError

from dev import expectations, report, scenario, scenario_run, signals, stack
from dev.expectations import Outcome
from dev.log_tail import tail
from dev.scenario import Step, Users

INTERRUPTED = 130


@click.command(
    epilog="""\b
    Examples:
      akako demo
      akako demo --json
      DATABASE_URL=postgresql://... REDIS_URL=redis://... akako demo
    """
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
def demo(as_json: bool) -> None:
    """Run the whole path on real servers and show what happened.

    Exits with 0 only if every outcome is the expected one.

    Starts PostgreSQL and Redis in a temporary directory, unless DATABASE_URL and REDIS_URL name others; there it adds
    users of its own and touches no other. Then it starts receiver, API, worker and calendar, delivers events as Svix
    does, waits until all have settled, asks the API who may do what, and compares.
    """
    people = Users()
    steps = scenario.written(people, time.time())
    try:
        with signals.heard(), tempfile.TemporaryDirectory(prefix="akako-") as directory:
            outcome = _perform(Path(directory), steps, people)
    except KeyboardInterrupt:
        click.echo("Interrupted; everything has ended.", err=True)
        sys.exit(INTERRUPTED)
    sys.exit(0 if _show(steps, people, outcome, as_json) else 1)


def _perform(directory: Path, steps: list[Step], people: Users) -> Outcome:
    """Play the story, with a spinner where somebody watches. Raises ClickException with the log's end if it fails."""
    with Console(stderr=True).status("") as spinner, stack.build(directory, spinner.update) as built:
        try:
            return scenario_run.perform(built, steps, people, spinner.update)
        except (scenario_run.StepTimedOut, DBAPIError) as error:
            raise click.ClickException(f"{error}\nThe end of the processes' log:\n{tail(built.log)}") from error


def _show(steps: list[Step], people: Users, outcome: Outcome, as_json: bool) -> bool:
    """Print the outcome; whether all is as expected."""
    judged = expectations.judge(steps, people, outcome)
    if as_json:
        click.echo(report.as_json(steps, outcome, judged))
    else:
        console = report.console()
        for table in report.tables(steps, outcome):
            console.print(table, "")
        console.print(*report.verdict(judged), sep="\n")
    return all(each.holds for each in judged)
