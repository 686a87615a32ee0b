"""Shows the progress and the result of `akako backfill`."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli import output
from db.walks import Walk


@contextmanager
def progress(walk: Walk) -> Iterator[Callable[[Walk], None]]:
    """A progress bar with rate and remaining time on standard error, if that is a terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("users"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("", total=walk.count_before, completed=walk.seen, rate="")

        def advance(saved: Walk) -> None:
            bar.update(task, completed=saved.seen, total=max(saved.seen, saved.count_before))
            speed = bar.tasks[0].speed
            bar.update(task, rate=f"{speed:,.0f}/s" if speed else "")

        yield advance


def show(walk: Walk, as_json: bool, dry_run: bool) -> None:
    """Print the result of an import, as a table or as JSON."""
    if as_json:
        values = {name: value for name, value in asdict(walk).items() if name not in ("cursor", "newest", "phase")}
        click.echo(json.dumps({"dry_run": dry_run, **values}, indent=2, default=datetime.isoformat))
        return
    title = "What an import would do" if dry_run else "Import"
    rows = [
        ("Users at Clerk", f"{walk.count_before:,} before, {walk.count_after:,} after"),
        ("Users seen", f"{walk.seen:,}"),
        ("New", f"{walk.created:,}"),
        ("Updated", f"{walk.updated:,}"),
        ("Unchanged", f"{walk.unchanged:,}"),
        ("Deleted here, so not restored", f"{walk.deleted:,}"),
        ("Not applied", f"{walk.skipped:,}"),
        ("Result", walk.outcome if not walk.reason else f"{walk.outcome}: {walk.reason}"),
    ]
    output.table(title, ("", ""), rows)
    if walk.outcome != "complete":
        click.echo("Run `akako backfill` again. If it stays incomplete, see docs/how-to/import-users.md.", err=True)
