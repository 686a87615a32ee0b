"""Users and assignments put into the tables by plain SQL, as a person at a terminal would."""

import psycopg
from psycopg.rows import dict_row

Connection = psycopg.Connection


def a_user(connection: Connection, clerk_id: str = "user_ada") -> int:
    """A living user; the row id."""
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
    """An assignment whose window is given as SQL; the row id. Only the owner adds one that is closed or past."""
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
    """The audit trail, first to last."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return list(cursor.execute("select * from audit_log order by id"))


def actions(connection: Connection) -> list[object]:
    """What the trail says was done, first to last."""
    return [line["action"] for line in trail(connection)]


def rows(connection: Connection, query: str, *parameters: object) -> list[tuple[object, ...]]:
    """What a query finds."""
    return list(connection.execute(query, parameters))
