"""`akako demo`: delivers sample events through a complete stack and checks the outcome."""

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

    Exit code 0 only if every expectation holds.

    Starts PostgreSQL and Redis in a temporary directory, unless DATABASE_URL and REDIS_URL name servers; on those it
    adds its own users and changes no others. Then it starts all processes, delivers events as Svix
    does, waits until they are applied, and queries the API. Then persons sign up, change, are banned and deleted at a
    Clerk for development, and the API follows. Last, the results are compared with the expectations.
    """
    users = Users()
    steps = scenario.deliveries(users, time.time())
    try:
        with signals.interruptible(), tempfile.TemporaryDirectory(prefix="akako-") as directory:
            outcome = _run(Path(directory), steps, users)
    except KeyboardInterrupt:
        click.echo("Interrupted; all processes were stopped.", err=True)
        sys.exit(INTERRUPTED)
    sys.exit(0 if _show(steps, users, outcome, as_json) else 1)


def _run(directory: Path, steps: list[Step], users: Users) -> Outcome:
    """Run the scenario with a spinner on a terminal. Raises ClickException with the end of the log if it fails."""
    with Console(stderr=True).status("") as spinner, stack.build(directory, spinner.update) as built:
        try:
            return scenario_run.run(built, steps, users, spinner.update)
        except (scenario_run.StepTimedOut, DBAPIError) as error:
            raise click.ClickException(f"{error}\nEnd of the processes' log:\n{tail(built.log)}") from error


def _show(steps: list[Step], users: Users, outcome: Outcome, as_json: bool) -> bool:
    """Print the outcome and return whether every expectation holds."""
    checked = expectations.check(steps, users, outcome)
    if as_json:
        click.echo(report.as_json(steps, outcome, checked))
    else:
        console = report.console()
        for table in report.tables(steps, outcome):
            console.print(table, "")
        console.print(*report.summary(checked), sep="\n")
    return all(each.holds for each in checked)
