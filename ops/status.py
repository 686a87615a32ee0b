"""`akako status`: on one screen, how everything is and what to do next."""

import json
import sys
import time
from collections.abc import Iterator

import click
from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from config.settings import BrokerSettings, load
from health.parts import Part, State
from ops.condition import Condition, Doctor
from ops.report import console

EVERY_SECONDS = 2.0
RUNBOOK = "docs/how-to/runbook.md"


@click.command(
    epilog="""\b
    Examples:
      akako status
      akako status --watch
      akako status --json
      akako status --part worker        a container's health check
    """
)
@click.option("--watch", is_flag=True, help="Look again every two seconds, until Ctrl-C.")
@click.option("--part", type=click.Choice(list(Part)), help="Look at this part alone.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; with --watch, an object a line.")
def status(watch: bool, part: Part | None, as_json: bool) -> None:
    """Say how everything is: PostgreSQL, migrations, Redis, worker, calendar, and the events.

    Exit code 0 if all is well, 1 if something is not.
    """
    doctor = Doctor(load(BrokerSettings))
    if watch:
        _watch(doctor, part, as_json)
    condition = doctor.examine(part)
    if as_json:
        click.echo(json.dumps(condition.as_dict(), indent=2))
    else:
        console().print(screen(condition))
    sys.exit(0 if condition.is_healthy else 1)


def _watch(doctor: Doctor, part: Part | None, as_json: bool) -> None:
    try:
        if as_json:
            while True:
                click.echo(json.dumps(doctor.examine(part).as_dict()))
                time.sleep(EVERY_SECONDS)
        with Live(console=console(), auto_refresh=False) as live:
            while True:
                live.update(screen(doctor.examine(part)), refresh=True)
                time.sleep(EVERY_SECONDS)
    except KeyboardInterrupt:
        sys.exit(0)


def screen(condition: Condition) -> RenderableType:
    """Everything, the bad parts with what to do about them."""
    return Group(_parts(condition.parts), *_events(condition), _verdict(condition))


def _parts(states: list[State]) -> Table:
    sheet = Table("Part", "", "What to do next", title="Parts", title_justify="left", title_style="bold")
    for state in states:
        said = Text(state.said, "green" if state.is_well else "red")
        sheet.add_row(state.part.value, said, state.next_step)
    return sheet


def _events(condition: Condition) -> Iterator[Table]:
    if condition.seen is None:
        return
    sheet = Table("", "", "What to do next", title="Events", title_justify="left", title_style="bold")
    for name, count in condition.seen.events.items():
        estimate = name in ("applied", "ignored")
        step = "akako events list --status parked" if name == "parked" and count else ""
        sheet.add_row(name, f"{'about ' if estimate else ''}{count:,}", step)
    late = f"{RUNBOOK}#events-are-late" if condition.is_late else ""
    sheet.add_row("longest due", _since(condition.seen.oldest_due_seconds or None, "none is due"), late)
    sheet.add_row("last delivery", _ago(condition.seen.last_delivery_seconds), "")
    if condition.lag:
        sheet.add_row(
            "kept to applied", f"{condition.lag.median:.2f} s (median), {condition.lag.worst:.2f} s (worst)", ""
        )
    for heart in condition.seen.heartbeats:
        sheet.add_row(f"{heart.part} moved", _ago(heart.moved_seconds_ago), "")
    yield sheet


def _verdict(condition: Condition) -> Text:
    if condition.is_healthy:
        return Text("All is well.", "bold green")
    return Text("Something is not well; the right column says what to do.", "bold red")


def _ago(seconds: float | None) -> str:
    return "never" if seconds is None else f"{_since(seconds, '')} ago"


def _since(seconds: float | None, none: str) -> str:
    if seconds is None:
        return none
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7_200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3_600:.0f} h" if seconds < 172_800 else f"{seconds / 86_400:.0f} days"
