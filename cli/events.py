"""`akako events`: lists, shows, replays and discards stored events."""

import itertools
import json
from collections.abc import Iterable, Iterator

import click
from sqlalchemy import Engine

from api import event_responses
from api.event_responses import Event, EventStats, InspectedEvent
from clerk.signature import SigningSecrets
from cli import output, paging
from cli.connection import BY, author, database, transaction
from cli.discard import discard
from cli.event_options import EventSelection, event_options
from cli.replay import replay
from cli.text_options import REASON
from cli.times import formatted
from config.formats import split_secrets
from config.settings import InspectionSettings, load
from db import event_search, event_stats
from db.event_filter import EventFilter
from db.event_search import EventEntry
from dev.terminal import escape
from sync import inspection

PAGE = 500
"""Events read per query."""


@click.group()
def events() -> None:
    """Search, show, replay and discard stored events.

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
      akako events list --status parked --limit 10000 --ids | akako events replay - --reason "Cause fixed."
    """,
)
@event_options
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Maximum number of events."
)
@click.option("--before", help="Continue before this event id (`next` of the previous page).")
@click.option("--all", "whole", is_flag=True, help="Print all events, without a limit.")
@click.option("--ids", "only_ids", is_flag=True, help="Print only the ids, one per line.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(chosen: EventSelection, limit: int, before: str | None, whole: bool, only_ids: bool, as_json: bool) -> None:
    """List events, most recently received first. Give ids as arguments, or - to read them from standard input.

    JSON is `{"items": [...], "next": ...}`; pass `next` to --before. It is null on the last page.
    """
    selection = chosen.whole()
    with database() as pool:
        if whole:
            with pool.begin() as connection:
                chosen.check_user(connection)
                total = event_search.count(connection, selection)
            count = itertools.count(1)
            found = paging.with_progress("events", _pages(pool, selection, before), total, lambda _: next(count))
            _print_list(found, only_ids, as_json, None)
            return
        with pool.begin() as connection:
            chosen.check_user(connection)
            page, more = paging.first(event_search.page(connection, selection, limit + 1, before), limit)
    last = page[-1].svix_id if more else None
    _print_list(page, only_ids, as_json, last)
    if more:
        paging.next_page(before=last)


@events.command(
    epilog="""\b
    Examples:
      akako events show msg_2abc
      akako events show msg_2abc --reveal --reason "Data request of the user."
    """
)
@click.argument("svix_id")
@click.option("--reveal", is_flag=True, help="Show personal data too; recorded in the audit trail with the reason.")
@click.option("--reason", type=REASON, help="Reason for --reveal, recorded in the audit trail.")
@BY
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(svix_id: str, reveal: bool, reason: str | None, by: str | None, as_json: bool) -> None:
    """Show a stored delivery, whether its signature is valid, and what it changed."""
    if reveal and reason is None:
        raise click.UsageError("--reveal needs --reason: both are recorded in the audit trail.")
    secrets = load(InspectionSettings).clerk_webhook_signing_secret
    signing_secrets = SigningSecrets(split_secrets(secrets)) if secrets else None
    with transaction() as connection:
        found = (
            inspection.reveal(connection, svix_id, signing_secrets, author(by, reason))
            if reveal and reason
            else inspection.inspect(connection, svix_id, signing_secrets)
        )
    event = event_responses.inspected(found)
    if as_json:
        output.as_json(event)
        return
    _print_whole(event)
    output.audit_lines("Changes by this event, and operator actions on it", found.lines)


@events.command(epilog="\b\nExamples:\n  akako events stats\n  akako events stats --json")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def stats(as_json: bool) -> None:
    """Count events by status, type and reason, and show since when the oldest has been due."""
    with transaction() as connection:
        found = event_stats.read(connection)
    if as_json:
        output.as_json(EventStats.model_validate(found))
        return
    due = ("due and not applied", _number(found.due)), ("oldest due since (UTC)", formatted(found.oldest_due_at))
    output.table(
        "Events", ("", ""), [*_counts(found.statuses), *due, ("last received (UTC)", formatted(found.last_received_at))]
    )
    output.table("Received in the last 24 hours", ("Type", "Events"), _counts(found.types_of_last_day))
    output.table("Parked events by reason", ("Reason", "Events"), _counts(found.why_parked))


def _pages(pool: Engine, selection: EventFilter, before: str | None) -> Iterator[EventEntry]:
    """All selected events; each page is read in its own transaction."""
    while True:
        with pool.begin() as connection:
            page = event_search.page(connection, selection, PAGE, before)
        yield from page
        if len(page) < PAGE:
            return
        before = page[-1].svix_id


def _print_list(found: Iterable[EventEntry], only_ids: bool, as_json: bool, more: str | None) -> None:
    if only_ids:
        for each in found:
            click.echo(each.svix_id)
    elif as_json:
        output.page_as_json(map(Event.model_validate, found), more)
    else:
        _print(found)


def _print(page: Iterable[EventEntry]) -> None:
    output.table(
        "Events",
        ("svix-id", "Type", "User", "Received (UTC)", "Status", "Attempts", "Reason"),
        (
            (
                each.svix_id,
                each.type,
                each.clerk_user_id,
                formatted(each.received_at),
                each.status,
                str(each.attempts or ""),
                each.last_error,
            )
            for each in page
        ),
    )


def _print_whole(event: InspectedEvent) -> None:
    plain = event.model_dump(mode="json", exclude={"content", "body", "audit"}, exclude_none=True)
    output.table("Event", ("", ""), ((name, str(value)) for name, value in plain.items()))
    if event.body is not None:
        click.echo(escape(event.body))
    elif event.body_bytes is not None:
        click.echo(escape(json.dumps(event.content, indent=2, ensure_ascii=False)))


def _counts(found: list[event_stats.EventCount]) -> list[tuple[str, str]]:
    return [(each.name, _number(each)) for each in found]


def _number(count: event_stats.EventCount) -> str:
    about = "more than " if count.events == event_stats.MOST_COUNTED else "about "
    return f"{'' if count.exact else about}{count.events:,}"


events.add_command(replay)
events.add_command(discard)
