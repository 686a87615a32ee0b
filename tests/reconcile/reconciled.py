"""An installation that is reconciled with an instance, a slice at a time."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Engine

from akako_guard.role import Role
from clerk.backend import Backend
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

    def run(self, later: timedelta = timedelta(0)) -> bool:
        """Run a slice, as if this much time had passed since the last one."""
        pass_time(self.engine, later)
        return self.slicer.run()


def reconciling(engine: Engine, backend: Backend, instance_id: str) -> Reconciled:
    """An installation that is pinned to the instance."""
    with engine.begin() as connection:
        audit.set_actor(connection, "operator:ada")
        clerk_instance.pin(connection, instance_id, "development")
    slicer = Slicer(
        engine=engine,
        backend=backend,
        pace=Pace(1_000_000),
        default_role=Role.LEARNER,
        holder="test",
    )
    return Reconciled(engine, slicer)
