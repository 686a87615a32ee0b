"""Whether the roles held now are pushed to Clerk, and for which instance and database that was decided.

A copy of the database must not push, even with the same secret key. So the switch records which database it was
turned in, and under which address the process that pushes reached it.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from akako_guard.role import Role
from db import claims

_COLUMNS = "is_on, installation, instance_id, database_id, reached_at, default_role, seeded_after, stopped_because"
_ALL_SEEDED = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """The switch of an installation where claims were turned on at least once."""

    is_on: bool
    installation: str
    """The marker of this installation in `public_metadata`."""
    instance_id: str
    """The instance that was pinned when claims were turned on."""
    database_id: str
    """The database in which they were turned on, as `database_id` returns it."""
    reached_at: str | None
    """Where the process that pushes reached this database; None if it has not pushed yet."""
    default_role: str
    seeded_after: int | None
    """All users up to this row id were marked by the first push; None if it has not begun."""
    stopped_because: str | None
    """Why nothing is pushed although claims are on; None if the last attempt was allowed."""

    @property
    def is_seeded(self) -> bool:
        """Whether the first push has marked all users."""
        return self.seeded_after == _ALL_SEEDED


def read(connection: Connection) -> Switch | None:
    """The switch; None if claims were never turned on."""
    row = connection.exec_driver_sql(f"select {_COLUMNS} from claims_switch").one_or_none()  # noqa: S608 - constant
    return Switch(**row._asdict()) if row else None


def database_id(connection: Connection) -> str:
    """Identifies this database: the system identifier of its server, and its own object id.

    A copy made with `pg_dump` differs in one of them. A copy of the server's files has both; it differs in its address.
    """
    found = connection.exec_driver_sql(
        """
        select (select system_identifier from pg_control_system()) || '/' || oid
        from pg_database where datname = current_database()
        """
    )
    return str(found.scalar_one())


def turn_on(connection: Connection, instance_id: str, default_role: Role) -> None:
    """Turn claims on for this instance and database, and start the first push. The author and a reason must be set."""
    connection.exec_driver_sql(
        """
        insert into claims_switch (is_on, instance_id, database_id, default_role)
        values (true, %(instance)s, %(database)s, %(role)s)
        on conflict (singleton) do update
        set is_on = true, instance_id = excluded.instance_id, database_id = excluded.database_id,
            default_role = excluded.default_role, reached_at = null, seeded_after = null, seed_from = null,
            stopped_because = null, changed_at = now()
        """,
        {"instance": instance_id, "database": database_id(connection), "role": default_role.value},
    )


def turn_off(connection: Connection) -> bool:
    """Turn claims off; returns whether they were on. The author and a reason must be set (`db/audit.py`)."""
    changed = connection.exec_driver_sql("update claims_switch set is_on = false, changed_at = now() where is_on")
    return changed.rowcount == 1


def push_all_again(connection: Connection) -> None:
    """Start the first push again: it goes through all users in steps, and holds up no change of a role."""
    connection.exec_driver_sql("update claims_switch set seeded_after = null")


def is_due(connection: Connection) -> bool:
    """Whether a push is due, or the first push has not marked all users yet; false while claims are off."""
    found = connection.exec_driver_sql(
        """
        select exists (select from claims_switch where is_on and seeded_after is distinct from %(seeded)s)
            or exists (select from claims_switch where is_on) and exists (
                select from generate_series(0, %(least)s) as level cross join lateral (
                    select from claims where priority = level and due_at <= now() and parked is null
                      and (expires_at is null or expires_at <= now()) limit 1) as due)
        """,
        {"seeded": _ALL_SEEDED, "least": claims.SEEDED},
    )
    return bool(found.scalar_one())


def note_reached(connection: Connection, address: str) -> None:
    """Record where the process that pushes reaches the database, if that is not recorded yet."""
    connection.exec_driver_sql("update claims_switch set reached_at = %s where reached_at is null", (address,))


def note_stopped(connection: Connection, because: str | None) -> bool:
    """Record why nothing is pushed, or None if it is; returns whether that is new."""
    changed = connection.exec_driver_sql(
        "update claims_switch set stopped_because = %s where stopped_because is distinct from %s", (because, because)
    )
    return changed.rowcount == 1


def seed(connection: Connection, most: int) -> int | None:
    """Mark up to `most` more users for the first push; returns how many, or None if all are marked or it must wait.

    It waits until every transaction has ended that may not have seen that claims are on. Users who hold or held another
    role than the default one come first.
    """
    # Locked, so that turning claims on again meanwhile starts from the first user.
    connection.exec_driver_sql("select from claims_switch for no key update")
    if not _is_visible_to_all(connection):
        return None
    row = connection.exec_driver_sql(
        """
        with batch as (
            select id, exists (
                select from user_roles
                where user_id = users.id and is_active and role <> (select default_role from claims_switch)) as special
            from users
            where id > (select coalesce(seeded_after, 0) from claims_switch) and deleted_at is null
            order by id limit %(most)s),
        marked as (
            insert into claims as known (user_id, priority, due_at)
            select id, case when special then 1 else 2 end, clock_timestamp() from batch order by id
            on conflict (user_id) do update
            set due_at = greatest(least(known.due_at, excluded.due_at), known.not_before),
                priority = case when known.due_at <= excluded.due_at or known.not_before is not null
                                then least(known.priority, excluded.priority) else excluded.priority end)
        select count(*), max(id) from batch
        """,
        {"most": most},
    ).one()
    count, last = row
    connection.exec_driver_sql("update claims_switch set seeded_after = %s", (last if count else _ALL_SEEDED,))
    return int(count) or None


def _is_visible_to_all(connection: Connection) -> bool:
    """Whether no transaction is open any more that may have changed roles without seeing that claims are on."""
    connection.exec_driver_sql(
        "update claims_switch set seed_from = pg_snapshot_xmax(pg_current_snapshot()) where seed_from is null"
    )
    found = connection.exec_driver_sql(
        "select seed_from <= pg_snapshot_xmin(pg_current_snapshot()) and is_on and seeded_after is distinct from %s"
        " from claims_switch",
        (_ALL_SEEDED,),
    )
    return bool(found.scalar_one())
