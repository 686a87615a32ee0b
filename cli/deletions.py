"""`akako deletions`: lists, releases and rejects deletions that are held."""

from collections.abc import Iterable

import click

from api.deletion_models import HeldDeletion
from cli import output, paging
from cli.connection import transaction
from cli.hold_decisions import reject, release
from cli.times import formatted
from db import deletion_holds
from db.deletion_holds import Hold


@click.group()
def deletions() -> None:
    """List, release and reject deletions that are held.

    A deletion is held if more users were deleted within an hour than the limit allows.

    \b
      akako deletions list
      akako deletions release --all --reason "The old school year."
      akako deletions reject user_2abc --reason "Deleted by mistake."
    """


@deletions.command(
    "list",
    epilog="""\b
    Examples:
      akako deletions list
      akako deletions list --limit 1000 --json
      akako deletions list --after 50            the next page
    """,
)
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Maximum number.")
@click.option("--after", type=click.IntRange(0), help="Continue after this hold (`next` of the previous page).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(limit: int, after: int | None, as_json: bool) -> None:
    """List held deletions, oldest first, with what Clerk answered about each user.

    JSON is `{"items": [...], "next": ...}`; pass `next` to --after. It is null on the last page.
    """
    with transaction() as connection:
        page, more = paging.first(deletion_holds.page(connection, limit + 1, after or 0), limit)
    last = page[-1].id if more else None
    if as_json:
        output.page_as_json(map(HeldDeletion.model_validate, page), last)
    else:
        _print(page)
    if more:
        paging.next_page(after=last)


def _print(page: Iterable[Hold]) -> None:
    output.table(
        "Held deletions",
        ("User", "Kind", "Cause", "Deleted (UTC)", "Held since (UTC)", "Clerk's answer"),
        (
            (
                hold.clerk_id,
                hold.kind.value,
                hold.cause,
                formatted(hold.occurred_at),
                formatted(hold.held_at),
                _answer(hold),
            )
            for hold in page
        ),
    )


def _answer(hold: Hold) -> str:
    if hold.confirmed_at:
        return "Clerk confirmed the deletion: no access"
    return "Clerk has this user" if hold.exists_at_clerk else "not asked yet"


deletions.add_command(release)
deletions.add_command(reject)
