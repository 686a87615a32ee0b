"""The state of each user whose import from Keycloak has begun.

`creating` is committed before Clerk is asked to create the user. `applied` is set by the database, together with the
windows, by whichever transaction adds the user first: that of the import or that of a webhook (`db/new_users.py`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from clerk.text import storable
from db import keycloak_plans
from db.keycloak_plans import Run


class State(StrEnum):
    """How far the import of a user is."""

    PLANNED = "planned"
    """Nothing was sent to Clerk: there is no row."""
    CREATING = "creating"
    """The user may exist at Clerk."""
    CREATED = "created"
    """The user exists at Clerk."""
    APPLIED = "applied"
    """The user has the planned roles."""
    REFUSED = "refused"
    """Clerk, or another user with the same external id, does not allow it."""
    UNDOING = "undoing"
    """Clerk is asked to delete the user, because the run is undone."""
    UNDONE = "undone"
    """The user was deleted, or was never created. A newer run may create it again."""


@dataclass(frozen=True, slots=True)
class ImportedUser:
    """A user that a run plans to import, and the state of the import."""

    keycloak_id: str
    password_hasher: str | None
    password_set_at: datetime | None
    has_app: bool
    app_set_at: datetime | None
    state: State
    run_id: int
    """The run whose marker the user has, or will have."""
    marker: str
    is_undone: bool
    """Whether the undoing of that run has begun."""
    reason: str | None


_IMPORTABLE = """
    run.undo_started_at is null
    and not exists (select from keycloak_runs as ended where ended.realm = run.realm and ended.cut_over_at is not null)
"""


def begin(connection: Connection, run: Run, by: str) -> None:
    """Record that the import of a run begins, unless it has begun. Only the owner of the tables may do this."""
    connection.exec_driver_sql(
        """
        update keycloak_runs set import_started_at = now(), import_started_by = %s
        where id = %s and import_started_at is null
        """,
        (by, run.id),
    )


def has_begun(connection: Connection, run: Run) -> bool:
    """Whether the import of a run has begun."""
    found = connection.exec_driver_sql("select import_started_at from keycloak_runs where id = %s", (run.id,))
    return found.scalar_one() is not None


def users(connection: Connection, run: Run, keycloak_ids: Collection[str]) -> dict[str, ImportedUser]:
    """Those of these users that a run plans to import, by id."""
    rows = connection.exec_driver_sql(
        """
        select planned.keycloak_id, password_hasher, password_set_at, has_app, app_set_at,
               coalesce(state, 'planned') as state, marked.id as run_id, marked.marker,
               marked.undo_started_at is not null as is_undone, imports.reason
        from keycloak_users as planned
        left join keycloak_imports as imports
          on imports.realm = %(realm)s and imports.keycloak_id = planned.keycloak_id
        join keycloak_runs as marked on marked.id = coalesce(imports.run_id, planned.run_id)
        where planned.run_id = %(run)s and planned.keycloak_id = any(%(ids)b::text[]) and planned.fate = 'planned'
        """,
        {"run": run.id, "realm": storable(run.realm), "ids": [storable(each) for each in keycloak_ids]},
    )
    found = (ImportedUser(**row._asdict() | {"state": State(row.state)}) for row in rows)
    return {user.keycloak_id: user for user in found}


def is_open(connection: Connection, run: Run) -> bool:
    """Whether a run may be imported: it is not undone, and the move has not ended.

    It stays so until the transaction ends if the lock of `db/keycloak_plans.py` is held.
    """
    found = connection.exec_driver_sql(
        f"select exists (select from keycloak_runs as run where id = %s and {_IMPORTABLE})",  # noqa: S608 - a constant
        (run.id,),
    )
    return bool(found.scalar_one())


def creating(connection: Connection, run: Run, keycloak_id: str, marked: int | None = None) -> bool:
    """Record that a planned, refused or undone user is about to be created; False if its import has begun meanwhile.

    False also if the run is undone, or the move ended, meanwhile. Waits for decisions about that. `marked` is the run
    whose marker the user has, or will have, if that is another one.
    """
    keycloak_plans.lock(connection, shared=True)
    found = connection.exec_driver_sql(
        f"""
        insert into keycloak_imports as known (realm, keycloak_id, run_id)
        select realm, %(key)s, %(marked)s from keycloak_runs as run
        where id = %(run)s and {_IMPORTABLE}
          and not exists (select from keycloak_runs as marked where id = %(marked)s and undo_started_at is not null)
        on conflict (realm, keycloak_id) do update
        set state = 'creating', reason = null, clerk_id = null, synced_run_id = null, run_id = excluded.run_id,
            changed_at = now()
        where known.state in ('refused', 'undone')
        returning true
        """,  # noqa: S608 - constants only
        {"run": run.id, "key": storable(keycloak_id), "marked": marked or run.id},
    )
    return found.scalar_one_or_none() is True


def is_creating(connection: Connection, run: Run, keycloak_id: str) -> bool:
    """Whether a user is still about to be created, by a run that is not undone."""
    found = connection.exec_driver_sql(
        """
        select exists (
            select from keycloak_imports as imports join keycloak_runs as marked on marked.id = imports.run_id
            where imports.realm = %s and keycloak_id = %s and state = 'creating' and marked.undo_started_at is null)
        """,
        (storable(run.realm), storable(keycloak_id)),
    )
    return bool(found.scalar_one())


def created(connection: Connection, run: Run, user: ImportedUser, clerk_id: str) -> None:
    """Record that a user exists at Clerk, unless the planned roles were given already.

    If undoing took the user for one that was never created, it is to be undone again.
    """
    connection.exec_driver_sql(
        """
        update keycloak_imports set state = 'created', clerk_id = %s, changed_at = now()
        where realm = %s and keycloak_id = %s and run_id = %s
          and (state = 'creating' or state = 'undone' and clerk_id is null)
        """,
        (clerk_id, storable(run.realm), storable(user.keycloak_id), user.run_id),
    )


def refused(connection: Connection, run: Run, user: ImportedUser, reason: str) -> None:
    """Record that a user cannot be created, unless the planned roles were given already."""
    connection.exec_driver_sql(
        """
        update keycloak_imports set state = 'refused', reason = %s, changed_at = now()
        where realm = %s and keycloak_id = %s and run_id = %s and state in ('creating', 'created')
        """,
        (storable(reason), storable(run.realm), storable(user.keycloak_id), user.run_id),
    )


def unfinished(connection: Connection, run: Run, keycloak_id: str, reason: str) -> State:
    """The state of a user after it was applied; records why the planned roles were not given, if they were not."""
    connection.exec_driver_sql(
        """
        update keycloak_imports set reason = %s, changed_at = now()
        where realm = %s and keycloak_id = %s and state = 'created' and reason is distinct from %s
        """,
        (reason, storable(run.realm), storable(keycloak_id), reason),
    )
    found = connection.exec_driver_sql(
        "select state from keycloak_imports where realm = %s and keycloak_id = %s",
        (storable(run.realm), storable(keycloak_id)),
    )
    return State(found.scalar_one())


def totals(connection: Connection, run: Run) -> dict[State, int]:
    """How many of the users that a run plans to import are in each state. Reads the whole plan."""
    rows = connection.exec_driver_sql(
        """
        select coalesce(state, 'planned'), count(*)
        from keycloak_users as planned
        left join keycloak_imports as imports
          on imports.realm = %s and imports.keycloak_id = planned.keycloak_id
        where planned.run_id = %s and fate = 'planned' group by 1
        """,
        (storable(run.realm), run.id),
    )
    return {State(state): users for state, users in rows}


def unsuccessful(connection: Connection, run: Run, most: int) -> list[tuple[str, State, str | None]]:
    """Up to `most` users of a plan, with states and reasons, that were refused or have not got the planned roles."""
    rows = connection.exec_driver_sql(
        """
        select imports.keycloak_id, state,
               case when undo_started_at is not null and (
                        state in ('creating', 'created') or imports.reason = 'form_identifier_exists')
                    then 'plan_undone'
                    else imports.reason end
        from keycloak_imports as imports
        join keycloak_runs as marked on marked.id = imports.run_id
        join keycloak_users as planned on planned.run_id = %s and planned.keycloak_id = imports.keycloak_id
        where imports.realm = %s and planned.fate = 'planned' and state <> 'applied'
        order by imports.keycloak_id limit %s
        """,
        (run.id, storable(run.realm), most),
    )
    return [(keycloak_id, State(state), reason) for keycloak_id, state, reason in rows]
