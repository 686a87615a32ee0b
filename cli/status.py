"""`akako status`: shows the health of every component, and what to do next."""

import json
import signal
import sys
from collections.abc import Iterator
from typing import NoReturn

import click
from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cli.status_report import StatusReport, StatusReporter
from config.settings import BrokerSettings, load
from dev.report import console
from health.components import RUNBOOK, Component, ComponentState

EVERY_SECONDS = 2.0
NEXT_STEPS = {"parked": "akako events list --status parked", "held": "akako deletions list"}
ENDING = (signal.SIGINT, signal.SIGTERM)


@click.command(
    epilog="""\b
    Examples:
      akako status
      akako status --watch
      akako status --json
      akako status --part worker        a container's health check
    """
)
@click.option("--watch", is_flag=True, help="Refresh every two seconds, until Ctrl-C.")
@click.option("--part", type=click.Choice([part.value for part in Component]), help="Check only this component.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; with --watch, one object per line.")
def status(watch: bool, part: str | None, as_json: bool) -> None:
    """Show the health of every component, and the events.

    Exit code 0 if everything is healthy, 1 otherwise.
    """
    reporter, only = StatusReporter(load(BrokerSettings)), Component(part) if part else None
    if watch:
        _watch(reporter, only, as_json)
    condition = reporter.examine(only)
    if as_json:
        click.echo(json.dumps(condition.as_dict(), indent=2))
    else:
        console().print(screen(condition))
    sys.exit(0 if condition.is_healthy else 1)


def _watch(reporter: StatusReporter, part: Component | None, as_json: bool) -> NoReturn:
    """Refresh until Ctrl-C or SIGTERM. Blocks and waits for the signals: a KeyboardInterrupt could be swallowed."""
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    if as_json:
        while True:
            click.echo(json.dumps(reporter.examine(part).as_dict()))
            _pause()
    with Live(console=console(), auto_refresh=False) as live:
        while True:
            live.update(screen(reporter.examine(part)), refresh=True)
            _pause()


def _pause() -> None:
    if signal.sigtimedwait(ENDING, EVERY_SECONDS):
        sys.exit(0)


def screen(condition: StatusReport) -> RenderableType:
    """The whole report; unhealthy components with what to do next."""
    return Group(
        _parts(condition.parts), *_events(condition), *_clerk(condition), *_claims(condition), _summary(condition)
    )


def _parts(states: list[ComponentState]) -> Table:
    table = Table("Component", "", "What to do next", title="Components", title_justify="left", title_style="bold")
    for state in states:
        text = Text(state.description, "green" if state.is_healthy else "red")
        table.add_row(state.part.value, text, state.next_step)
    return table


def _events(condition: StatusReport) -> Iterator[Table]:
    if condition.seen is None:
        return
    table = Table("", "", "What to do next", title="Events", title_justify="left", title_style="bold")
    for name, count in condition.seen.events.items():
        estimate = name in ("applied", "ignored")
        step = NEXT_STEPS.get(name, "") if count else ""
        table.add_row(name, f"{'about ' if estimate else ''}{count:,}", step)
    held = condition.seen.deletions_held
    table.add_row("deletions held", f"{held:,}", "akako deletions list" if held else "")
    late = f"{RUNBOOK}#events-are-late" if condition.is_late else ""
    table.add_row("oldest due", _since(condition.seen.oldest_due_seconds or None, "none is due"), late)
    table.add_row("last delivery", _ago(condition.seen.last_delivery_seconds), "")
    if condition.lag:
        table.add_row(
            "stored to applied", f"{condition.lag.median:.2f} s (median), {condition.lag.worst:.2f} s (worst)", ""
        )
    for heartbeat in condition.seen.heartbeats:
        table.add_row(f"{heartbeat.part} progress", _ago(heartbeat.moved_seconds_ago), "")
    yield table


def _clerk(condition: StatusReport) -> Iterator[Table]:
    """What was found by comparing with Clerk, if an instance is pinned."""
    if condition.seen is None or condition.seen.clerk.instance_id is None:
        return
    seen = condition.seen.clerk
    table = Table("", "", "What to do next", title="Clerk", title_justify="left", title_style="bold")
    table.add_row("instance", seen.instance_id, "")
    table.add_row("last answer", _ago(seen.answered_seconds), "")
    table.add_row("last complete walk", _ago(seen.walked_seconds), "")
    gap = "unknown" if seen.gap is None else f"{seen.gap:+,}"
    table.add_row("users here, minus at Clerk", gap, "")
    for kind, count in seen.drift.items():
        table.add_row(f"open: {kind.replace('_', ' ')}", f"{count:,}", f"akako drift list --class {kind}")
    yield table


def _claims(condition: StatusReport) -> Iterator[Table]:
    """The pushes of roles to Clerk, if claims are on."""
    if condition.seen is None or not condition.seen.claims.is_on:
        return
    seen = condition.seen.claims
    table = Table("", "", "What to do next", title="Roles in tokens", title_justify="left", title_style="bold")
    table.add_row("due to be pushed", f"{seen.due:,}", "akako claims status" if seen.due else "")
    table.add_row("change due for", _since(seen.oldest_change_seconds or None, "none is due"), "")
    for reason, count in seen.parked.items():
        step = f"{RUNBOOK}#claims-are-parked" if count else ""
        table.add_row(f"parked: {reason.replace('_', ' ')}", f"{count:,}", step)
    yield table


def _summary(condition: StatusReport) -> Text:
    if condition.is_healthy:
        return Text("Everything is healthy.", "bold green")
    return Text("Not healthy: the right column shows what to do.", "bold red")


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
