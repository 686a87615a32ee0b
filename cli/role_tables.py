"""Tables of roles and of the recorded changes to them."""

from collections.abc import Iterable, Sequence

import click

from api import responses
from cli import output
from cli.times import formatted
from db.assignments import Assignment
from db.instants import Instants, PastQuestion
from db.temporal import Holder
from roles import times
from roles.explanation import Explanation
from roles.history import RolesAt


def print_history(windows: Sequence[Assignment]) -> None:
    """Assignments as a table."""
    output.table(
        "Roles and their windows (UTC)",
        ("Id", "Role", "From", "Until", "Held", "Assigned by", "Reason", "Reason for the end"),
        (
            (
                str(each.id),
                each.role,
                formatted(each.effective_start_date),
                formatted(each.effective_end_date, "open"),
                "yes" if each.held else "no",
                each.assigned_by,
                each.reason,
                each.end_reason,
            )
            for each in windows
        ),
    )


def print_question(instants: RolesAt | Explanation | Instants) -> None:
    """Print which of the two questions about the past the tables below answer."""
    if instants.question is PastQuestion.WHAT_WAS_SO:
        click.echo(f"At {times.write(instants.at)}, as the guard decided then.")
    else:
        click.echo(f"About {times.write(instants.at)}, as recorded by {times.write(instants.as_of)}.")


def print_revisions(found: RolesAt | Explanation) -> None:
    """Print the audit lines that changed the answer later, if any."""
    if not found.revisions:
        return
    output.table(
        f"Recorded later about {times.write(found.at)}",
        ("Recorded at", "Role", "Assignment", "Counts as", "Action", "Actor", "Reason", "Included here"),
        (
            (
                times.write(each.recorded_at),
                each.role,
                str(each.user_role_id),
                "held" if each.held else "not held",
                each.action,
                each.actor,
                each.reason,
                "yes" if each.recorded_at <= found.as_of else "no",
            )
            for each in found.revisions
        ),
    )


def print_holders(found: Iterable[Holder], instants: Instants, as_json: bool, more: int | None) -> None:
    """Print users with the roles that they held; `more` is the position of the next page."""
    if as_json:
        question = {"question": instants.question, "at": times.write(instants.at), "as_of": times.write(instants.as_of)}
        output.page_as_json(map(responses.Holder.model_validate, found), more, **question)
        return
    print_question(instants)
    output.table(
        "Users who held roles",
        ("Clerk id", "Status", "Roles"),
        ((each.clerk_id, each.user_status, ", ".join(window.role for window in each.assignments)) for each in found),
    )
