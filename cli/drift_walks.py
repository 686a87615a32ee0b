"""`akako drift walks`: lists the walks over all users of Clerk, with their progress."""

import click

from api import drift_responses
from api.drift_responses import Walk
from cli import output, paging
from cli.connection import transaction
from cli.times import formatted
from db import walks as db_walks
from db.walks import RecordedWalk


class WalkProgress(Walk):
    """A walk with its progress."""

    percent: int
    """Share of Clerk's users that was read."""
    users_per_second: float | None
    """Average from its start until it was last saved, pauses included."""


@click.command(epilog="\b\nExamples:\n  akako drift walks\n  akako drift walks --limit 1 --json")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="Maximum number.")
@click.option("--before", type=int, help="Continue before this id (`next` of the previous page).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def walks(limit: int, before: int | None, as_json: bool) -> None:
    """List walks over all users of Clerk, newest first: imports (backfill) and comparisons (reconcile).

    JSON is `{"items": [...], "next": ...}`; pass `next` to --before. It is null on the last page.
    """
    with transaction() as connection:
        page, more = paging.first(db_walks.page(connection, limit + 1, before), limit)
    last = page[-1].walk.id if more else None
    items = [_progress(each) for each in page]
    if as_json:
        output.page_as_json(items, last)
    else:
        _print(items)
    if more:
        paging.next_page(before=last)


def _progress(found: RecordedWalk) -> WalkProgress:
    walk = found.walk
    seconds = (found.saved_at - walk.started_at).total_seconds()
    share = walk.seen / walk.count_before if walk.count_before else 1.0
    return WalkProgress(
        **dict(drift_responses.walk(found)),
        percent=100 if walk.outcome == "complete" else min(int(100 * share), 99),
        users_per_second=round(walk.seen / seconds, 1) if seconds > 0 else None,
    )


def _print(items: list[WalkProgress]) -> None:
    output.table(
        "Walks",
        ("Id", "Kind", "Started (UTC)", "Saved (UTC)", "Users", "Progress", "Users/s", "Outcome", "Reason"),
        (
            (
                str(each.id),
                each.kind,
                formatted(each.started_at),
                formatted(each.saved_at),
                f"{each.seen:,} of {each.count_before:,}",
                f"{each.percent} %",
                "" if each.users_per_second is None else f"{each.users_per_second:,.1f}",
                each.outcome or "running",
                each.reason,
            )
            for each in items
        ),
    )
