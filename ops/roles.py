"""`akako roles`: who holds which role, and changes of that by an operator."""

from collections.abc import Sequence
from datetime import datetime

import click

from access import assignments as changes
from access.refusal import UserUnknown
from api.answers import Assignment
from config.role import Role
from db import assignments, directory
from db.assignments import Window
from ops import sheet
from ops.connection import author, signed, transaction
from ops.moment import MOMENT, written
from ops.texts import NOTES

ROLE = click.Choice(list(Role), case_sensitive=False)


@click.group()
def roles() -> None:
    """See, assign, extend and revoke roles.

    Every change is one line in the audit trail, with your name and the reason. The first ADMIN is made here:

    \b
      akako roles assign user_2abc ADMIN --reason "Runs the platform."
    """


@roles.command("list", epilog="\b\nExamples:\n  akako roles list user_2abc")
@click.argument("clerk_id")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(clerk_id: str, as_json: bool) -> None:
    """List the roles that a user holds now."""
    _print([each for each in _history(clerk_id) if each.held], as_json)


@roles.command(epilog="\b\nExamples:\n  akako roles history user_2abc --json")
@click.argument("clerk_id")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def history(clerk_id: str, as_json: bool) -> None:
    """List every role of a user, past, present and future."""
    _print(_history(clerk_id), as_json)


@roles.command(epilog="\b\nExamples:\n  akako roles at user_2abc 2026-03-01T12:00:00Z")
@click.argument("clerk_id")
@click.argument("instant", type=MOMENT)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def at(clerk_id: str, instant: datetime, as_json: bool) -> None:
    """List the roles that a user held at an INSTANT, or will hold then as things stand."""
    with transaction() as connection:
        entry = directory.show(connection, clerk_id)
        if entry is None:
            raise UserUnknown
        held = assignments.at(connection, entry.id, instant)
    _print(held, as_json)


@roles.command(
    epilog="""\b
    Examples:
      akako roles assign user_2abc MENTOR --reason "Leads the course."
      akako roles assign user_2abc ADMIN --end 2026-12-31T23:00:00Z --reason "Stands in." --by grace
    """
)
@click.argument("clerk_id")
@click.argument("role", type=ROLE)
@click.option("--start", type=MOMENT, help="Held from then on, not from the past. [default: now]")
@click.option("--end", type=MOMENT, help="Held until just before then. [default: until somebody ends it]")
@click.option("--notes", type=NOTES, default="", help="Whatever admins want to remember.")
@signed
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
    """Give a user a ROLE: LEARNER, MENTOR or ADMIN."""
    with transaction() as connection:
        window = Window(role=role, start=start, end=end)
        given = changes.assign(connection, author(by, reason), clerk_id, window, notes)
    _print([given], as_json)


@roles.command(
    epilog="""\b
    Examples:
      akako roles extend user_2abc 17 --end 2027-06-30T22:00:00Z --reason "Another year."
      akako roles extend user_2abc 17 --open --reason "For good."
    """
)
@click.argument("clerk_id")
@click.argument("assignment_id", type=int)
@click.option("--end", type=MOMENT, help="Held until just before then, be it later or earlier than before.")
@click.option("--open", "is_open", is_flag=True, help="Held until somebody ends it.")
@signed
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def extend(
    clerk_id: str, assignment_id: int, end: datetime | None, is_open: bool, reason: str, by: str | None, as_json: bool
) -> None:
    """Let the assignment ASSIGNMENT_ID of a user end at another time. `akako roles history` has the ids."""
    if (end is None) == (not is_open):
        raise click.UsageError("Say when it ends with --end, or that it does not with --open.")
    with transaction() as connection:
        changed = changes.change_end(connection, author(by, reason), clerk_id, assignment_id, end)
    _print([changed], as_json)


@roles.command(epilog='\b\nExamples:\n  akako roles revoke user_2abc 17 --reason "Left the course."')
@click.argument("clerk_id")
@click.argument("assignment_id", type=int)
@signed
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def revoke(clerk_id: str, assignment_id: int, reason: str, by: str | None, as_json: bool) -> None:
    """End the assignment ASSIGNMENT_ID of a user now, or cancel one that has not begun."""
    with transaction() as connection:
        ended = changes.revoke(connection, author(by, reason), clerk_id, assignment_id)
    _print([ended], as_json)


def print_history(windows: Sequence[assignments.Assignment]) -> None:
    """Assignments as a table."""
    sheet.table(
        "Roles and their windows (UTC)",
        ("Id", "Role", "From", "Until", "Held", "Assigned by", "Why", "Why it ended"),
        (
            (
                str(each.id),
                each.role,
                written(each.effective_start_date),
                written(each.effective_end_date, "open"),
                "yes" if each.held else "no",
                each.assigned_by,
                each.reason,
                each.end_reason,
            )
            for each in windows
        ),
    )


def _history(clerk_id: str) -> list[assignments.Assignment]:
    with transaction() as connection:
        entry = directory.show(connection, clerk_id)
        if entry is None:
            raise UserUnknown
        return assignments.history(connection, entry.id)


def _print(found: Sequence[assignments.Assignment], as_json: bool) -> None:
    if as_json:
        sheet.as_json([Assignment.model_validate(each) for each in found])
    else:
        print_history(found)
