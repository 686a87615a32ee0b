"""The Clerk instance to which this installation belongs. It is pinned once; a trigger records each change."""

from dataclasses import dataclass

from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Pin:
    """The pinned instance."""

    instance_id: str
    environment: str | None
    """Clerk's `environment_type`: `production` or `development`."""


def read(connection: Connection) -> Pin | None:
    """The pinned instance; None if none is pinned yet."""
    row = connection.exec_driver_sql("select instance_id, environment from clerk_instance").one_or_none()
    return Pin(*row) if row else None


def pin(connection: Connection, instance_id: str, environment: str | None) -> bool:
    """Pin the instance, if none is pinned yet; returns whether it did. The author must be set (`db/audit.py`)."""
    added = connection.exec_driver_sql(
        "insert into clerk_instance (instance_id, environment) values (%s, %s) on conflict do nothing",
        (instance_id, environment),
    )
    return added.rowcount == 1


def repin(connection: Connection, instance_id: str, environment: str | None) -> None:
    """Pin another instance. The author and the reason must be set (`db/audit.py`)."""
    connection.exec_driver_sql(
        "update clerk_instance set instance_id = %s, environment = %s", (instance_id, environment)
    )
