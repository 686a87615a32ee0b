"""Roles, and what was recorded about them, as tables."""

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
        ("Id", "Role", "From", "Until", "Held", "Assigned by", "Why", "Why it ended"),
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


def print_question(asked: RolesAt | Explanation | Instants) -> None:
    """Say which question the answer below is about."""
    if asked.question is PastQuestion.WHAT_WAS_SO:
        click.echo(f"What was so at {times.write(asked.at)}: as the guard decided then.")
    else:
        click.echo(f"What is known about {times.write(asked.at)}: as recorded by {times.write(asked.as_of)}.")


def print_revisions(asked: RolesAt | Explanation) -> None:
    """The lines that changed the answer later, if there are any."""
    if not asked.revisions:
        return
    output.table(
        f"What was recorded later about {times.write(asked.at)}",
        ("Recorded at", "Role", "Assignment", "Counts as", "What", "By", "Why", "Part of this answer"),
        (
            (
                times.write(each.recorded_at),
                each.role,
                str(each.user_role_id),
                "held" if each.held else "not held",
                each.action,
                each.actor,
                each.reason,
                "yes" if each.recorded_at <= asked.as_of else "no",
            )
            for each in asked.revisions
        ),
    )


def print_holders(found: Iterable[Holder], instants: Instants, as_json: bool, more: int | None) -> None:
    """Users with the roles that they held; `more` is the position of the next page."""
    if as_json:
        asked = {"question": instants.question, "at": times.write(instants.at), "as_of": times.write(instants.as_of)}
        output.page_as_json(map(responses.Holder.model_validate, found), more, **asked)
        return
    print_question(instants)
    output.table(
        "Users who held roles",
        ("Clerk id", "Status", "Roles"),
        ((each.clerk_id, each.user_status, ", ".join(window.role for window in each.assignments)) for each in found),
    )
