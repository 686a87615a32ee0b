"""An installation that is reconciled with an instance, a slice at a time."""

from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import Engine

from akako_guard.role import Role
from clerk.backend import Backend
from clerk.user import Deletion
from db import audit, clerk_instance
from reconcile.pace import Pace
from reconcile.slice import Slicer
from tests.ledger import as_owner

TIMES = {
    "reconciling": ("read_at", "read_until", "counted_at", "paused_until"),
    "drift": ("next_check_at", "gone_at"),
    "walks": ("started_at",),
}
"""The columns that make time pass."""


def pass_time(engine: Engine, later: timedelta) -> None:
    """Make what was recorded older."""
    with as_owner(engine) as connection:
        for table, columns in TIMES.items():
            earlier = ", ".join(f"{column} = {column} - %(later)s" for column in columns)
            connection.exec_driver_sql(f"update {table} set {earlier}", {"later": later})


@dataclass
class Reconciled:
    """An installation that is reconciled with an instance, a slice at a time."""

    engine: Engine
    slicer: Slicer
    deleted: list[str] = field(default_factory=list)
    holds: bool = False

    def run(self, later: timedelta = timedelta(0)) -> bool:
        """Run a slice, as if this much time had passed since the last one."""
        pass_time(self.engine, later)
        return self.slicer.run()

    def delete(self, deletion: Deletion) -> bool:
        """Note a deletion; returns whether it is applied."""
        self.deleted.append(deletion.clerk_id)
        return not self.holds


def reconciling(engine: Engine, backend: Backend, instance_id: str) -> Reconciled:
    """An installation that is pinned to the instance."""
    with engine.begin() as connection:
        audit.set_actor(connection, "operator:ada")
        clerk_instance.pin(connection, instance_id, "development")
    made: list[Reconciled] = []
    slicer = Slicer(
        engine=engine,
        backend=backend,
        pace=Pace(1_000_000),
        default_role=Role.LEARNER,
        holder="test",
        delete=lambda deletion: made[0].delete(deletion),
    )
    made.append(Reconciled(engine, slicer))
    return made[0]
