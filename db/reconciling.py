"""How far reconciling came: when Clerk was last asked for what, and what it said."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime

from sqlalchemy import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciling:
    """The progress for one Clerk instance. Times are the database's."""

    instance_id: str
    read_until: datetime | None = None
    """All updates at Clerk up to this time were compared."""
    read_at: datetime | None = None
    """When the updates were last read."""
    counted_at: datetime | None = None
    """When the users were last counted."""
    gap: int | None = None
    """Users stored and not deleted, minus the users that Clerk counted."""
    gap_times: int = 0
    """How many counts in a row have shown a gap that is not settled."""
    settled_gap: int = 0
    """The gap that remained after a complete walk."""
    failures: int = 0
    """How many attempts in a row have failed."""
    failed_because: str | None = None
    """Why the last one failed."""
    paused_until: datetime | None = None
    """No request is sent before this time."""
    answered_at: datetime | None = None
    """When Clerk last answered."""


_COLUMNS = ", ".join(field.name for field in fields(Reconciling))
_SAVED = ", ".join(f"{field.name} = %({field.name})s" for field in fields(Reconciling) if field.name != "instance_id")


def read(connection: Connection, instance_id: str) -> Reconciling:
    """The progress for an instance; a new one for an instance that was never asked."""
    row = connection.exec_driver_sql(
        f"select {_COLUMNS} from reconciling where instance_id = %s",  # noqa: S608 - constants only
        (instance_id,),
    ).one_or_none()
    return Reconciling(**row._asdict()) if row else Reconciling(instance_id=instance_id)


def save(connection: Connection, progress: Reconciling) -> None:
    """Record the progress."""
    connection.exec_driver_sql(
        "insert into reconciling (instance_id) values (%s) on conflict do nothing", (progress.instance_id,)
    )
    connection.exec_driver_sql(
        f"update reconciling set {_SAVED} where instance_id = %(instance_id)s",  # noqa: S608 - constants only
        asdict(progress),
    )
