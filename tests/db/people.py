"""Inserts users and assignments with plain SQL."""

import psycopg
from psycopg.rows import dict_row

Connection = psycopg.Connection


def a_user(connection: Connection, clerk_id: str = "user_ada") -> int:
    """Insert a user; returns the row id."""
    row = connection.execute(
        "insert into users (clerk_id, clerk_updated_at) values (%s, now()) returning id", (clerk_id,)
    ).fetchone()
    assert row
    return int(row[0])


def a_role(
    connection: Connection,
    user_id: int,
    *,
    start: str = "now()",
    end: str = "null",
    role: str = "MENTOR",
    active: bool = True,
) -> int:
    """Insert an assignment with a window given as SQL; returns its id. Only owners may insert closed or past ones."""
    closed, as_closed = ("", "") if active else (", is_active", ", false")
    row = connection.execute(
        f"""
        insert into user_roles (user_id, role, effective_start_date, effective_end_date, assigned_by, reason{closed})
        values (%s, %s, {start}, {end}, 'the test', 'because'{as_closed}) returning id
        """,
        (user_id, role),
    ).fetchone()
    assert row
    return int(row[0])


def trail(connection: Connection) -> list[dict[str, object]]:
    """The audit trail, oldest line first."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return list(cursor.execute("select * from audit_log order by id"))


def actions(connection: Connection) -> list[object]:
    """The actions in the audit trail, oldest first."""
    return [line["action"] for line in trail(connection)]


def rows(connection: Connection, query: str, *parameters: object) -> list[tuple[object, ...]]:
    """The result of a query."""
    return list(connection.execute(query, parameters))
