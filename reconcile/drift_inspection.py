"""Shows a difference to a person: what it means, what is done about it, and what is known about its user."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from db import audit, drift, event_search, walks
from db.audit import AuditEntry
from db.drift import Drift
from db.event_filter import EventFilter
from db.event_search import EventEntry
from db.walks import RecordedWalk
from reconcile.differences import Class
from reconcile.repair import cause
from sync.refusal import Refused

MOST_EVENTS = 20


class DriftUnknown(Refused):
    """No difference with this id is recorded. List the differences to find its id."""

    word = "drift_unknown"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a class of differences means, and what is done about it."""

    meaning: str
    action: str


EXPLANATIONS: Mapping[Class, Explanation] = {
    Class.MISSED_CREATION: Explanation(
        "Clerk has this user, and no webhook about the user was applied.",
        "Repaired automatically: the user is added as Clerk describes it, with the default role.",
    ),
    Class.MISSED_UPDATE: Explanation(
        "Clerk has a newer version of this user with other contents, and no webhook about it was applied.",
        "Repaired automatically: Clerk's version is applied.",
    ),
    Class.DIFFERS: Explanation(
        "Clerk has the same version of this user with other contents.",
        "Repaired automatically if the rule for equal versions prefers Clerk's contents. Otherwise a person decides:"
        " a repair with force lets Clerk's contents win.",
    ),
    Class.AHEAD: Explanation(
        "The stored version is newer than Clerk's answer, which may come from a replica that lags.",
        "Compared again every ten minutes. If it stays, a person decides: a repair with force lets Clerk's contents"
        " win.",
    ),
    Class.ABSENT: Explanation(
        "A complete walk over Clerk's users did not show this user, and no webhook about a deletion was applied.",
        "Clerk is asked for this user. After two answers, ten minutes apart, that it has no such user, the user is"
        " deleted; more deletions than the limit allows are held for a person.",
    ),
    Class.RETURNED: Explanation(
        "Clerk has this user, who is recorded as deleted.",
        "Nothing: a deletion is final. Find out who deleted and restored the user, who needs a new account at Clerk.",
    ),
}
"""The classes that are recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftInspection:
    """A difference with what is known about it."""

    entry: Drift
    explanation: Explanation
    walk: RecordedWalk | None
    """The walk that found it."""
    events: Sequence[EventEntry]
    """The newest events about its user."""
    lines: Sequence[AuditEntry]
    """The audit lines that its repair caused, in order."""


def inspect(connection: Connection, drift_id: int) -> DriftInspection:
    """One difference. Raises DriftUnknown."""
    found = drift.get(connection, drift_id)
    if found is None:
        raise DriftUnknown
    return DriftInspection(
        entry=found,
        explanation=EXPLANATIONS[Class(found.kind)],
        walk=walks.get(connection, found.walk_id) if found.walk_id else None,
        events=event_search.page(connection, EventFilter(user=found.clerk_id), MOST_EVENTS),
        lines=audit.caused(connection, found.clerk_id, cause(found.id)),
    )
