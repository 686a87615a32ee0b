"""`akako drift`: lists, shows and repairs differences from Clerk, and lists the walks that look for them."""

import click

from api import drift_responses
from api.drift_responses import Drift, InspectedDrift
from cli import output, paging
from cli.connection import transaction
from cli.drift_repair import repair
from cli.drift_walks import walks
from cli.text_options import CLERK_ID
from cli.times import formatted
from db import drift as differences
from db.drift import CLASSES
from reconcile import drift_inspection

ABOUT_THE_DIFFERENCE = {"events", "audit", "walk"}
"""Printed as tables of their own."""


@click.group()
def drift() -> None:
    """List, show and repair differences from Clerk.

    \b
      akako drift list
      akako drift show 17
      akako drift repair 17 --dry-run
    """


@drift.command(
    "list",
    epilog="""\b
    Examples:
      akako drift list
      akako drift list --class differs
      akako drift list --all --user user_2abc --json
      akako drift list --before 1200       the next page
    """,
)
@click.option("--class", "kind", type=click.Choice(CLASSES, case_sensitive=False), help="Only of this class.")
@click.option("--user", type=CLERK_ID, help="Only about this user (Clerk id).")
@click.option("--all", "ended_too", is_flag=True, help="Also those that have ended.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Maximum number.")
@click.option("--before", type=int, help="Continue before this id (`next` of the previous page).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(kind: str | None, user: str | None, ended_too: bool, limit: int, before: int | None, as_json: bool) -> None:
    """List open differences, newest first.

    JSON is `{"items": [...], "next": ...}`; pass `next` to --before. It is null on the last page.
    """
    with transaction() as connection:
        found = differences.page(
            connection, kind=kind, user=user, open_only=not ended_too, most=limit + 1, before=before
        )
    page, more = paging.first(found, limit)
    last = page[-1].id if more else None
    if as_json:
        output.page_as_json(map(Drift.model_validate, page), last)
    else:
        _print(page)
    if more:
        paging.next_page(before=last)


@drift.command(epilog="\b\nExamples:\n  akako drift show 17\n  akako drift show 17 --json")
@click.argument("drift_id", type=click.IntRange(1, 2**63 - 1))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(drift_id: int, as_json: bool) -> None:
    """Show the difference DRIFT_ID: what it means, what is done about it, and what is known about its user."""
    with transaction() as connection:
        found = drift_inspection.inspect(connection, drift_id)
    whole = drift_responses.inspected(found)
    if as_json:
        output.as_json(whole)
        return
    _print_whole(whole)
    output.table(
        "Newest events about the user",
        ("svix-id", "Type", "Received (UTC)", "Status", "Reason"),
        ((each.svix_id, each.type, formatted(each.received_at), each.status, each.last_error) for each in found.events),
    )
    output.audit_lines("Changes by its repair", found.lines)


def _print(page: list[differences.Drift]) -> None:
    output.table(
        "Differences",
        ("Id", "Class", "User", "Fields", "Found (UTC)", "Checked (UTC)", "Ended (UTC)", "Outcome"),
        (
            (
                str(each.id),
                each.kind,
                each.clerk_id,
                ", ".join(each.fields),
                formatted(each.found_at),
                formatted(each.checked_at),
                formatted(each.ended_at),
                each.outcome,
            )
            for each in page
        ),
    )


def _print_whole(whole: InspectedDrift) -> None:
    plain = whole.model_dump(mode="json", exclude=ABOUT_THE_DIFFERENCE, exclude_none=True)
    output.table("Difference", ("", ""), ((name, _plain(value)) for name, value in plain.items()))
    if whole.walk:
        walk = whole.walk.model_dump(mode="json", exclude_none=True)
        output.table("Found by the walk", ("", ""), ((name, str(value)) for name, value in walk.items()))


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


drift.add_command(repair)
drift.add_command(walks)
