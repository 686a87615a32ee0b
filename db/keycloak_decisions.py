"""Records that a move from Keycloak is undone, or that it ends. Only the owner of the tables may do this.

A trigger records each decision in the audit trail, with its author and reason. What a person saw before deciding is
checked again under a lock: each function returns False, and decides nothing, if it is not so any more.
"""

from sqlalchemy import Connection

from clerk.text import storable
from db import audit, keycloak_plans
from db.audit import Author
from db.keycloak_plans import Run

_OPEN = """
    not exists (select from keycloak_runs as ended
                where ended.realm = keycloak_runs.realm and ended.cut_over_at is not null)
"""


def begin_undo(connection: Connection, run: Run, author: Author) -> bool:
    """Record that a run is about to be undone, unless that has begun. False if the move has ended."""
    keycloak_plans.lock(connection, shared=False)
    audit.set_author(connection, author)
    found = connection.exec_driver_sql(
        f"""
        update keycloak_runs set undo_started_at = coalesce(undo_started_at, clock_timestamp()),
               undo_started_by = coalesce(undo_started_by, %s)
        where id = %s and import_started_at is not null and {_OPEN}
        """,  # noqa: S608 - a constant
        (author.actor, run.id),
    )
    return found.rowcount == 1


def cut_over(connection: Connection, run: Run, author: Author) -> bool:
    """Record that Keycloak stops being the authority for the realm of a run.

    False if the move has ended, the run is undone, there is a newer plan, or a user of the plan is neither at Clerk nor
    refused. Reads the whole plan.
    """
    keycloak_plans.lock(connection, shared=False)
    audit.set_author(connection, author)
    found = connection.exec_driver_sql(
        f"""
        update keycloak_runs set cut_over_at = now(), cut_over_by = %(by)s
        where id = %(run)s and import_started_at is not null and undo_started_at is null and {_OPEN}
          and not exists (select from keycloak_runs as newer
                          where newer.realm = keycloak_runs.realm and newer.id > keycloak_runs.id)
          and not exists (
              select from keycloak_users as planned
              left join keycloak_imports as imports
                on imports.realm = %(realm)s and imports.keycloak_id = planned.keycloak_id
              where planned.run_id = %(run)s and fate = 'planned'
                and coalesce(state, 'planned') not in ('applied', 'created', 'refused'))
        """,  # noqa: S608 - a constant
        {"by": author.actor, "run": run.id, "realm": storable(run.realm)},
    )
    return found.rowcount == 1


def reopen(connection: Connection, run: Run, author: Author) -> bool:
    """Record that Keycloak is the authority for the realm of a run again. False if it is."""
    keycloak_plans.lock(connection, shared=False)
    audit.set_author(connection, author)
    found = connection.exec_driver_sql(
        "update keycloak_runs set cut_over_at = null, cut_over_by = null where id = %s and cut_over_at is not null",
        (run.id,),
    )
    return found.rowcount == 1
