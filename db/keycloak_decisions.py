"""Records that a move from Keycloak is undone, or that it ends. Only the owner of the tables may do this.

A trigger records each decision in the audit trail, with its author and reason.
"""

from sqlalchemy import Connection

from db import audit
from db.audit import Author
from db.keycloak_plans import Run


def begin_undo(connection: Connection, run: Run, author: Author) -> None:
    """Record that a run is about to be undone, unless that has begun."""
    audit.set_author(connection, author)
    connection.exec_driver_sql(
        """
        update keycloak_runs set undo_started_at = now(), undo_started_by = %s
        where id = %s and undo_started_at is null
        """,
        (author.actor, run.id),
    )


def cut_over(connection: Connection, run: Run, author: Author) -> None:
    """Record that Keycloak stops being the authority for the realm of a run."""
    audit.set_author(connection, author)
    connection.exec_driver_sql(
        "update keycloak_runs set cut_over_at = now(), cut_over_by = %s where id = %s and cut_over_at is null",
        (author.actor, run.id),
    )


def reopen(connection: Connection, run: Run, author: Author) -> None:
    """Record that Keycloak is the authority for the realm of a run again."""
    audit.set_author(connection, author)
    connection.exec_driver_sql(
        "update keycloak_runs set cut_over_at = null, cut_over_by = null where id = %s", (run.id,)
    )
