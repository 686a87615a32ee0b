"""Prints plans of moves from Keycloak."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click
from pydantic import RootModel
from sqlalchemy import Connection

from cli import output
from cli.times import formatted
from db import keycloak_plans
from db.keycloak_differences import Difference
from db.keycloak_plans import Run, UserPlan
from keycloak.history import History

PAGE = 1_000
"""Users that are read at once."""
SHOWN = 20
"""Differences, and users that are not imported, that are printed as tables."""


class PlannedUser(RootModel[UserPlan]):
    """A user of a plan, as JSON."""


def run_as_json(run: Run) -> dict[str, Any]:
    """A plan for JSON, without the text of its map."""
    found = {name: value for name, value in asdict(run).items() if name != "map"}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in found.items()}


def stage(run: Run) -> str:
    """How far the move is that a plan describes."""
    for word, at, by in (
        ("cut over", run.cut_over_at, run.cut_over_by),
        ("undone", run.undo_started_at, run.undo_started_by),
        ("import begun", run.import_started_at, run.import_started_by),
    ):
        if at:
            return f"{word} {formatted(at)} by {by}"
    return "planned"


def everyone(connection: Connection, run_id: int) -> Iterator[UserPlan]:
    """All users of a plan, in the order of their ids."""
    last: str | None = None
    while found := keycloak_plans.users(connection, run_id, PAGE, after=last):
        yield from found
        last = found[-1].keycloak_id


def summary(connection: Connection, run: Run) -> None:
    """Print the numbers of a plan as tables."""
    totals = keycloak_plans.totals(connection, run.id)
    rows = [
        ("Realm", run.realm),
        ("Keycloak", run.keycloak_version or "unknown version"),
        ("Export written", formatted(run.exported_at)),
        ("Stage", stage(run)),
        *((f"Users {fate}", f"{users:,}") for fate, users in totals.items()),
    ]
    output.table("Plan", ("", ""), rows)
    output.table(
        "Why",
        ("Fate", "Reason", "Users"),
        ((each.fate, each.reason, f"{each.users:,}") for each in keycloak_plans.fates(connection, run.id)),
    )
    output.table(
        "Roles",
        ("Role", "Evidence of the start", "Held at the export", "Ended before"),
        (
            (each.role, each.evidence, f"{each.open:,}", f"{each.closed:,}")
            for each in keycloak_plans.window_counts(connection, run.id)
        ),
    )


def past(history: History) -> None:
    """Print how many admin events were read, and how many say nothing."""
    about = sum(map(len, history.events.values()))
    click.echo(
        f"Read {history.read:,} admin events: {about:,} say when a role was given or taken,"
        f" {history.without_details:,} do not say which role.",
        err=True,
    )


def differences(found: Iterable[Difference]) -> None:
    """Print differences between two plans."""
    output.table(
        "Differences from the plan before",
        ("User", "Kind", "Before", "Now"),
        ((each.keycloak_id, each.kind, each.before, each.after) for each in found),
    )


CHANGES = {
    "role_ended": "a role ends",
    "role_given": "a role is given",
    "password": "the password is replaced, unless the user signed in",
    "disabled": "the user is banned",
    "enabled": "the ban ends",
    "gone": "not in the export; nothing is done",
    "not_planned": "not to be imported any more; nothing is done",
}
"""What an import does about users that were imported before, by kind."""


def changes(counts: Mapping[str, int]) -> None:
    """Print what an import of a plan changes about users that were imported before."""
    output.table(
        "Users that were imported before",
        ("Kind", "What the import does", "Users"),
        ((kind, CHANGES[kind], f"{users:,}") for kind, users in counts.items()),
    )


def users(title: str, found: Iterable[UserPlan]) -> None:
    """Print users of a plan."""
    output.table(
        title,
        ("User", "Fate", "Reasons", "Roles"),
        ((each.keycloak_id, each.fate, ", ".join(each.reasons), _windows(each)) for each in found),
    )


def _windows(user: UserPlan) -> str:
    return ", ".join(
        f"{window.role} {formatted(window.starts_at)} - {formatted(window.ends_at) or 'open'}"
        for window in user.windows
    )
