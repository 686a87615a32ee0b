"""`akako events`: what Clerk sent, what became of it, and what to do about it."""

import json

import click

from access import inspection
from api import event_answers
from api.event_answers import Census, Event, InspectedEvent
from clerk.signature import Seals
from config.formats import split_secrets
from config.settings import InspectionSettings, load
from db import census, register
from db.register import Entry
from ops import sheet
from ops.connection import BY, author, transaction
from ops.discard import discard
from ops.moment import written
from ops.replay import replay
from ops.selection import Chosen, selecting
from ops.terminal import shown
from ops.texts import REASON


@click.group()
def events() -> None:
    """See the kept events, replay and discard them.

    \b
      akako events list --status parked
      akako events show msg_2abc
      akako events replay --status parked --preview
    """


@events.command(
    "list",
    epilog="""\b
    Examples:
      akako events list
      akako events list --status parked --error "no version"
      akako events list --user user_2abc --since 2026-09-01T08:00:00Z --json
      akako events list --before msg_2abc            the next page
      akako events list --status parked --limit 10000 --ids | akako events replay - --reason "Mended."
    """,
)
@selecting
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many at most.")
@click.option("--before", help="The event from which on, as the end of the page before says.")
@click.option("--ids", "only_ids", is_flag=True, help="Print the ids only, one a line.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(chosen: Chosen, limit: int, before: str | None, only_ids: bool, as_json: bool) -> None:
    """List events, the newest received first. Ids come as arguments, or from standard input with -."""
    with transaction() as connection:
        chosen.judge_user(connection)
        found = register.page(connection, chosen.whole(), limit + 1, before)
    page = found[:limit]
    if only_ids:
        click.echo("".join(f"{each.svix_id}\n" for each in page), nl=False)
    elif as_json:
        sheet.as_json([Event.model_validate(entry) for entry in page])
    else:
        _print(page)
    if len(found) > len(page):
        click.echo(f"There are more: --before {page[-1].svix_id}", err=only_ids or as_json)


@events.command(
    epilog="""\b
    Examples:
      akako events show msg_2abc
      akako events show msg_2abc --reveal --reason "The customer asked what Clerk said."
    """
)
@click.argument("svix_id")
@click.option("--reveal", is_flag=True, help="Show personal fields too; the audit trail says that you did, and why.")
@click.option("--reason", type=REASON, help="Why they are to be revealed.")
@BY
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(svix_id: str, reveal: bool, reason: str | None, by: str | None, as_json: bool) -> None:
    """Show a delivery as it came, whether its signature still fits, and what it changed."""
    if reveal and reason is None:
        raise click.UsageError(
            "Say with --reason why personal fields are to be revealed; it stands in the audit trail."
        )
    secrets = load(InspectionSettings).clerk_webhook_signing_secret
    seals = Seals(split_secrets(secrets)) if secrets else None
    with transaction() as connection:
        found = inspection.inspect(connection, svix_id, seals, author(by, reason) if reveal and reason else None)
    told = event_answers.inspected(found)
    if as_json:
        sheet.as_json(told)
        return
    _print_whole(told)
    sheet.lines("What it changed, and what people did with it", found.lines)


@events.command(epilog="\b\nExamples:\n  akako events stats\n  akako events stats --json")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def stats(as_json: bool) -> None:
    """Count the events by status, type and reason, and say how long the oldest has been due."""
    with transaction() as connection:
        taken = census.take(connection)
    if as_json:
        sheet.as_json(Census.model_validate(taken))
        return
    shares = ((each.name, f"{each.events:,}") for each in taken.statuses)
    due = ("due and not applied", f"{taken.due:,}"), ("the longest due since (UTC)", written(taken.oldest_due_at))
    sheet.table("Events", ("", ""), [*shares, *due, ("last received (UTC)", written(taken.last_received_at))])
    sheet.table("Received in the last 24 hours", ("Type", "Events"), _shares(taken.types_of_last_day))
    sheet.table("Why events are parked", ("Reason", "Events"), _shares(taken.why_parked))


def _print(page: list[Entry]) -> None:
    sheet.table(
        "Events",
        ("svix-id", "Type", "About", "Received (UTC)", "Status", "Tries", "Why"),
        (
            (
                each.svix_id,
                each.type,
                each.clerk_user_id,
                written(each.received_at),
                each.status,
                str(each.attempts or ""),
                each.last_error,
            )
            for each in page
        ),
    )


def _print_whole(told: InspectedEvent) -> None:
    plain = told.model_dump(mode="json", exclude={"content", "body", "audit"}, exclude_none=True)
    sheet.table("Event", ("", ""), ((name, str(value)) for name, value in plain.items()))
    if told.body is not None:
        click.echo(shown(told.body))
    elif told.body_bytes is not None:
        click.echo(shown(json.dumps(told.content, indent=2, ensure_ascii=False)))


def _shares(found: list[census.Share]) -> list[tuple[str, str]]:
    return [(each.name, f"{each.events:,}") for each in found]


events.add_command(replay)
events.add_command(discard)
