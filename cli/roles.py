"""`akako roles`: lists roles, and changes them as an operator."""

from datetime import UTC, datetime

import click

from akako_guard.role import Role
from api import responses
from api.responses import History
from cli import output, paging
from cli.connection import author, author_options, database, transaction
from cli.role_tables import print_history, print_holders, print_question, print_revisions
from cli.roles_import import import_
from cli.text_options import NOTES
from cli.times import MOMENT, TimeParam
from db import user_search
from db.assignments import Assignment, Window
from db.instants import resolve
from db.temporal import UserStatus
from roles import assignments as changes
from roles import history as history_of
from roles import times

ROLE = click.Choice(list(Role), case_sensitive=False)


class AsOf(TimeParam):
    """A time with its zone, or `now`, which includes everything recorded, independent of this host's clock."""

    def convert(self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The instant, in UTC."""
        return datetime.max.replace(tzinfo=UTC) if value == "now" else super().convert(value, param, ctx)


_AS_OF = "Use only what was recorded by this time; `now`: everything recorded. [default: {}]"
as_of = click.option("--as-of", type=AsOf(), help=_AS_OF.format("the value of --at"))


@click.group()
def roles() -> None:
    """List, assign, extend and revoke roles.

    Every change is one line in the audit trail, with your name and the reason. Assign the first ADMIN with:

    \b
      akako roles assign user_2abc ADMIN --reason "Platform owner."
    """


@roles.command(
    "list",
    epilog="""\b
    Examples:
      akako roles list user_2abc
      akako roles list user_2abc --at 2026-03-01T12:00:00Z
      akako roles list user_2abc --at 2026-03-01T12:00:00Z --as-of now
      akako roles list --role ADMIN --at 2026-03-01T12:00:00Z
      akako roles list --at 2026-03-01T12:00:00Z --all --json > holders.json
    """,
)
@click.argument("clerk_id", required=False)
@click.option("--at", type=MOMENT, help="The instant to show. [default: now]")
@as_of
@click.option("--role", type=ROLE, help="Without CLERK_ID: only users who held this role.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Maximum number of users.")
@click.option("--after", type=int, default=0, help="Without CLERK_ID: continue after this position.")
@click.option("--all", "whole", is_flag=True, help="Print all users, without a limit.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(
    clerk_id: str | None,
    at: datetime | None,
    as_of: datetime | None,
    role: Role | None,
    limit: int,
    after: int,
    whole: bool,
    as_json: bool,
) -> None:
    """List the roles of a user, or of all users, at an instant.

    By default, shows what the guard decided at that instant, or would have decided. With --as-of now, includes what was
    recorded later about that instant. In JSON, `question` says which of the two was answered.
    """
    if clerk_id is not None:
        if role or after or whole:
            raise click.UsageError("--role, --after and --all list all users: omit them, or omit CLERK_ID.")
        _print_roles_at(clerk_id, at, as_of, as_json)
        return
    with database() as pool:
        with pool.begin() as connection:
            instants = resolve(connection, at, as_of)
            users = user_search.newest(connection)
        found = history_of.holders(pool, instants, after, role)
        if whole:
            print_holders(paging.with_progress("users", found, users, lambda each: each.id), instants, as_json, None)
            return
        page, more = paging.first(found, limit)
        last = page[-1].id if more else None
        print_holders(page, instants, as_json, last)
        if more:
            paging.next_page(at=instants.at, as_of=instants.as_of, after=last)


@roles.command(epilog="\b\nExamples:\n  akako roles history user_2abc --json")
@click.argument("clerk_id")
@click.option("--as-of", type=AsOf(), help=_AS_OF.format("now"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def history(clerk_id: str, as_of: datetime | None, as_json: bool) -> None:
    """List every role of a user, past, present and future, as recorded by --as-of."""
    with transaction() as connection:
        found = history_of.history(connection, clerk_id, as_of)
    if as_json:
        answer = {"clerk_id": clerk_id, "as_of": found.as_of, "assignments": found.assignments}
        output.as_json(History.model_validate(answer))
        return
    if as_of is not None:
        click.echo(f"As recorded by {times.write(found.as_of)}.")
    print_history(found.assignments)


@roles.command(epilog="\b\nExamples:\n  akako roles at user_2abc 2026-03-01T12:00:00Z")
@click.argument("clerk_id")
@click.argument("instant", type=MOMENT)
@click.option("--as-of", type=AsOf(), help=_AS_OF.format("INSTANT"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def at(clerk_id: str, instant: datetime, as_of: datetime | None, as_json: bool) -> None:
    """List the roles of a user at INSTANT; short for `akako roles list CLERK_ID --at INSTANT`."""
    _print_roles_at(clerk_id, instant, as_of, as_json)


@roles.command(
    epilog="""\b
    Examples:
      akako roles assign user_2abc MENTOR --reason "Teaches the course."
      akako roles assign user_2abc ADMIN --end 2026-12-31T23:00:00Z --reason "Substitute." --by grace
    """
)
@click.argument("clerk_id")
@click.argument("role", type=ROLE)
@click.option("--start", type=MOMENT, help="Start of the assignment, not in the past. [default: now]")
@click.option("--end", type=MOMENT, help="End of the assignment, exclusive. [default: open-ended]")
@click.option("--notes", type=NOTES, default="", help="Notes for admins.")
@author_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def assign(
    clerk_id: str,
    role: Role,
    start: datetime | None,
    end: datetime | None,
    notes: str,
    reason: str,
    by: str | None,
    as_json: bool,
) -> None:
    """Assign a ROLE (LEARNER, MENTOR or ADMIN) to a user."""
    with transaction() as connection:
        window = Window(role=role, start=start, end=end)
        given = changes.assign(connection, author(by, reason), clerk_id, window, notes)
    _print(given, as_json)


@roles.command(
    epilog="""\b
    Examples:
      akako roles extend user_2abc 17 --end 2027-06-30T22:00:00Z --reason "Another year."
      akako roles extend user_2abc 17 --open --reason "Permanent."
    """
)
@click.argument("clerk_id")
@click.argument("assignment_id", type=int)
@click.option("--end", type=MOMENT, help="New end of the assignment, exclusive; earlier or later than the old one.")
@click.option("--open", "is_open", is_flag=True, help="Make the assignment open-ended.")
@author_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def extend(
    clerk_id: str, assignment_id: int, end: datetime | None, is_open: bool, reason: str, by: str | None, as_json: bool
) -> None:
    """Change the end of the assignment ASSIGNMENT_ID of a user. `akako roles history` shows the ids."""
    if (end is None) == (not is_open):
        raise click.UsageError("Give either --end or --open.")
    with transaction() as connection:
        changed = changes.change_end(connection, author(by, reason), clerk_id, assignment_id, end)
    _print(changed, as_json)


@roles.command(epilog='\b\nExamples:\n  akako roles revoke user_2abc 17 --reason "Left the course."')
@click.argument("clerk_id")
@click.argument("assignment_id", type=int)
@author_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def revoke(clerk_id: str, assignment_id: int, reason: str, by: str | None, as_json: bool) -> None:
    """End the assignment ASSIGNMENT_ID of a user now, or cancel one that has not started."""
    with transaction() as connection:
        ended = changes.revoke(connection, author(by, reason), clerk_id, assignment_id)
    _print(ended, as_json)


def _print_roles_at(clerk_id: str, at: datetime | None, as_of: datetime | None, as_json: bool) -> None:
    with transaction() as connection:
        found = history_of.roles_at(connection, clerk_id, at, as_of)
    if as_json:
        output.as_json(responses.RolesAt.model_validate(found))
        return
    print_question(found)
    if found.user_status is not UserStatus.ACTIVE:
        click.echo(f"The user was {found.user_status} at that time: the guard refused every request.")
    print_history(found.assignments)
    print_revisions(found)


def _print(changed: Assignment, as_json: bool) -> None:
    if as_json:
        output.as_json([responses.Assignment.model_validate(changed)])
    else:
        print_history([changed])


roles.add_command(import_)
