"""The users that a run created, while they are taken back.

`undoing` is committed before Clerk is asked to delete the user, and `undone` together with the deletion here.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection

from clerk.text import storable
from db.keycloak_imports import State
from db.keycloak_plans import Run
from db.person_changes import BY_PERSON


@dataclass(frozen=True, slots=True)
class CreatedUser:
    """A user that a run created at Clerk, or may have created."""

    keycloak_id: str
    clerk_id: str | None
    """None if it is not known whether the user was created."""
    state: State
    changed_here: bool
    """Whether a person changed the user's access or roles with us."""


_CHANGED = f"""
    exists (select from audit_log join users on users.id = audit_log.user_id
            where users.clerk_id = imports.clerk_id and {BY_PERSON})
"""

# Clerk refuses a user that it has: it may be the one that a request created whose response was lost.
_AT_CLERK = """
    (state in ('creating', 'created', 'applied', 'undoing')
     or state = 'refused' and imports.reason = 'form_identifier_exists')
"""


def marker(connection: Connection, run: Run) -> str:
    """What the users that a run created have at Clerk."""
    found = connection.exec_driver_sql("select marker from keycloak_runs where id = %s", (run.id,))
    return str(found.scalar_one())


def users(connection: Connection, run: Run, most: int, after: str | None = None) -> list[CreatedUser]:
    """Up to `most` users of a run that were not taken back, in the order of their ids, after one of them."""
    rows = connection.exec_driver_sql(
        f"""
        select keycloak_id, clerk_id, state, {_CHANGED}
        from keycloak_imports as imports
        where run_id = %(run)s and {_AT_CLERK}
          and (%(after)s::text is null or keycloak_id > %(after)s)
        order by keycloak_id limit %(most)s
        """,  # noqa: S608 - constants only
        {"run": run.id, "after": after, "most": most},
    )
    return [CreatedUser(key, clerk_id, State(state), changed) for key, clerk_id, state, changed in rows]


def count(connection: Connection, run: Run) -> int:
    """How many users of a run were not taken back."""
    found = connection.exec_driver_sql(
        f"select count(*) from keycloak_imports as imports where run_id = %s and {_AT_CLERK}",  # noqa: S608 - a constant
        (run.id,),
    )
    return int(found.scalar_one())


def seconds_since_begin(connection: Connection, run: Run) -> float:
    """How long ago the undoing of a run began; it must have."""
    found = connection.exec_driver_sql(
        "select extract(epoch from now() - undo_started_at)::float8 from keycloak_runs where id = %s", (run.id,)
    )
    return float(found.scalar_one())


def begin(connection: Connection, run: Run, keycloak_id: str, clerk_id: str, *, spares: bool) -> bool:
    """Record that a user is about to be deleted at Clerk. Lock the user first.

    With `spares`, a user that a person changed is not, and it returns False.
    """
    found = connection.exec_driver_sql(
        f"""
        update keycloak_imports as imports set state = 'undoing', clerk_id = %(clerk_id)s, changed_at = now()
        where realm = %(realm)s and keycloak_id = %(key)s and run_id = %(run)s
          and {_AT_CLERK}
          and not (%(spares)s and exists (
              select from audit_log join users on users.id = audit_log.user_id
              where users.clerk_id = %(clerk_id)s and {BY_PERSON}))
        """,  # noqa: S608 - constants only
        {
            "realm": storable(run.realm),
            "key": storable(keycloak_id),
            "run": run.id,
            "clerk_id": clerk_id,
            "spares": spares,
        },
    )
    return found.rowcount == 1


def spare(connection: Connection, run: Run, keycloak_id: str, clerk_id: str) -> None:
    """Record that a user, who exists at Clerk, is not deleted after all."""
    connection.exec_driver_sql(
        """
        update keycloak_imports
        set state = case when given_run_id is null then 'created' else 'applied' end, clerk_id = %s, changed_at = now()
        where realm = %s and keycloak_id = %s and run_id = %s and state in ('creating', 'refused', 'undoing')
        """,
        (clerk_id, storable(run.realm), storable(keycloak_id), run.id),
    )


def done(connection: Connection, run: Run, keycloak_id: str) -> None:
    """Record that a user was deleted."""
    connection.exec_driver_sql(
        """
        update keycloak_imports set state = 'undone', reason = null, changed_at = now()
        where realm = %s and keycloak_id = %s and run_id = %s and state = 'undoing'
        """,
        (storable(run.realm), storable(keycloak_id), run.id),
    )


def never_created(connection: Connection, run: Run, keycloak_id: str) -> bool:
    """Record that a user was never created; False if it was, meanwhile."""
    found = connection.exec_driver_sql(
        """
        update keycloak_imports set state = 'undone', reason = null, changed_at = now()
        where realm = %s and keycloak_id = %s and run_id = %s and state = 'creating'
        """,
        (storable(run.realm), storable(keycloak_id), run.id),
    )
    return found.rowcount == 1


def decided(connection: Connection, clerk_ids: Collection[str]) -> set[str]:
    """Those of these users whose deletion a person decided by undoing the run that created them."""
    rows = connection.exec_driver_sql(
        """
        select clerk_id from keycloak_imports join keycloak_runs on keycloak_runs.id = run_id
        where clerk_id = any(%(ids)b::text[]) and state = 'undoing' and undo_started_at is not null
        """,
        {"ids": list(clerk_ids)},
    )
    return set(rows.scalars())
