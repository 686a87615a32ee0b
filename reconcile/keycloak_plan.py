"""Plans the move of a realm's users from Keycloak to Clerk, and compares the plan with the one before."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection

from db import keycloak_changes, keycloak_differences, keycloak_plans
from db.keycloak_plans import Run
from keycloak import mapping, plan
from keycloak.history import History
from keycloak.inspection import Inspection
from keycloak.plan import PlannedUser
from keycloak.realm_source import Advance, RealmSource
from reconcile import keycloak_authority

SET = 1_000
"""Users in one statement."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and how it differs from the one before."""

    run: Run
    differences: Mapping[str, int] | None
    """How many users it says something else about, by kind; None if it is the first plan of the realm."""
    unchanged: bool
    """Whether the plan before says the same; then this one is not worth keeping."""
    changes: Mapping[str, int] = field(default_factory=dict)
    """How many imported users it changes, by kind."""


def make(
    connection: Connection,
    source: RealmSource,
    inspection: Inspection,
    map_text: str,
    history: History,
    *,
    planned_by: str,
    exported_at: datetime | None = None,
    advance: Advance = lambda _: None,
) -> Planned:
    """Write a plan in this transaction; the source is of `exported_at`, by default `written_at`.

    Raises MapRefused, RealmCutOver or ExportRefused.
    """
    keycloak_authority.require(connection, source.realm.name)
    roles = mapping.parse(map_text)
    mapping.check(roles, source.realm, inspection)
    previous = keycloak_plans.latest(connection, source.realm.name)
    run = keycloak_plans.start(
        connection,
        realm=source.realm.name,
        keycloak_version=source.realm.version,
        exported_at=exported_at or source.written_at,
        planned_by=planned_by,
        path=source.name,
        map_text=map_text,
        previous=previous,
    )
    planned = plan.users(source, inspection, roles, history, run.exported_at, advance)
    for users in _sets(planned):
        keycloak_plans.add(connection, run, users)
    if previous is None:
        return Planned(run, None, False)
    differences = keycloak_differences.counts(connection, previous.id, run.id)
    same = not differences and previous.map == map_text and previous.undo_started_at is None
    return Planned(run, differences, same, keycloak_changes.counts(connection, run))


def keep(connection: Connection, planned: Planned) -> None:
    """Commit a plan, unless the move ended while it was made. Raises RealmCutOver."""
    keycloak_plans.lock(connection, shared=True)
    keycloak_authority.require(connection, planned.run.realm)
    connection.commit()


def _sets(users: Iterable[PlannedUser]) -> Iterator[list[PlannedUser]]:
    rest = iter(users)
    while found := list(islice(rest, SET)):
        yield found
