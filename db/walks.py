"""Walks over all users of a Clerk instance: how far each came, what it found, and how it ended."""

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

BACKFILL = "backfill"
RECONCILE = "reconcile"


class Phase(StrEnum):
    """What a walk does next."""

    PAGES = "pages"
    """Reads all users, oldest first."""
    UPDATES = "updates"
    """Reads the users that were updated since the walk started, last updated first."""
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """A walk as last saved."""

    id: int = 0
    """0 for a walk that is not recorded."""
    instance_id: str
    started_at: datetime
    phase: Phase = Phase.PAGES
    cursor: str | None = None
    """The last user of the last page; None before the first page, or after a lost cursor."""
    newest: datetime | None = None
    """The latest creation time at Clerk among the users of the pages."""
    count_before: int
    count_after: int | None = None
    seen: int = 0
    """Distinct users; the sum of the five counts below."""
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    """Users that are known to be deleted; a snapshot never brings them back."""
    skipped: int = 0
    """Entries that could not be read or applied."""
    outcome: str | None = None
    """`complete` or `incomplete`; None while the walk is unfinished."""
    reason: str | None = None
    urgent: bool = False
    """Whether it reads as fast as it may, since the numbers of users differ."""
    absent: int = 0
    """Stored users that a complete walk did not show."""


COLUMNS = ", ".join(field.name for field in fields(Walk))
_SAVED = (
    "phase", "cursor", "newest", "count_after", "seen", "created", "updated", "unchanged", "deleted", "skipped",
    "outcome", "reason", "absent",
)  # fmt: skip


def start(
    connection: Connection, instance_id: str, count_before: int, *, kind: str = BACKFILL, urgent: bool = False
) -> Walk:
    """Record a new walk."""
    row = connection.exec_driver_sql(
        f"""
        insert into walks (kind, instance_id, phase, count_before, urgent) values (%s, %s, 'pages', %s, %s)
        returning {COLUMNS}
        """,  # noqa: S608 - constants only
        (kind, instance_id, count_before, urgent),
    ).one()
    return _walk(row._asdict())


def unfinished(connection: Connection, instance_id: str, kind: str = BACKFILL) -> Walk | None:
    """The walk of this instance that has not ended."""
    row = connection.exec_driver_sql(
        f"select {COLUMNS} from walks where kind = %s and instance_id = %s and phase <> 'ended'",  # noqa: S608 - constants only
        (kind, instance_id),
    ).one_or_none()
    return _walk(row._asdict()) if row else None


def last(connection: Connection, kind: str = BACKFILL) -> Walk | None:
    """The walk that was started last."""
    row = connection.exec_driver_sql(
        f"select {COLUMNS} from walks where kind = %s order by id desc limit 1",  # noqa: S608 - constants only
        (kind,),
    ).one_or_none()
    return _walk(row._asdict()) if row else None


@dataclass(frozen=True, slots=True)
class RecordedWalk:
    """A walk with its kind, and when it was last saved."""

    kind: str
    saved_at: datetime
    walk: Walk


def page(connection: Connection, most: int, before: int | None = None) -> list[RecordedWalk]:
    """Up to `most` walks with ids below `before`, the one that was started last first."""
    rows = connection.exec_driver_sql(
        f"""
        select kind, saved_at, {COLUMNS} from walks where %(before)s::bigint is null or id < %(before)s
        order by id desc limit %(most)s
        """,  # noqa: S608 - constants only
        {"before": before, "most": most},
    )
    return [_recorded(**row._asdict()) for row in rows]


def get(connection: Connection, walk_id: int) -> RecordedWalk | None:
    """One walk; None if there is none with this id."""
    row = connection.exec_driver_sql(
        f"select kind, saved_at, {COLUMNS} from walks where id = %s",  # noqa: S608 - constants only
        (walk_id,),
    ).one_or_none()
    return _recorded(**row._asdict()) if row else None


def found(connection: Connection, walk: Walk) -> bytes:
    """The row ids of the users that a walk has shown, as bits; see `drift.record_absent`."""
    bits = connection.exec_driver_sql("select found from walks where id = %s", (walk.id,)).scalar_one()
    return bytes(bits or b"")


def save_found(connection: Connection, walk: Walk, bits: bytes | None) -> None:
    """Record the row ids of the users that a walk has shown, as bits; None erases them."""
    connection.exec_driver_sql("update walks set found = %s where id = %s", (bits, walk.id))


def save(connection: Connection, walk: Walk) -> None:
    """Record how far a walk came."""
    connection.exec_driver_sql(
        f"update walks set {', '.join(f'{name} = %({name})s' for name in _SAVED)}, saved_at = now() where id = %(id)s",  # noqa: S608 - constants only
        {name: getattr(walk, name) for name in (*_SAVED, "id")},
    )


def _walk(row: dict[str, Any]) -> Walk:
    return Walk(**{**row, "phase": Phase(row["phase"])})


def _recorded(kind: str, saved_at: datetime, **row: Any) -> RecordedWalk:
    return RecordedWalk(kind, saved_at, _walk(row))
