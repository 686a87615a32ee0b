import csv
import io
import json
import tracemalloc
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import Engine

from akako_guard.role import Role
from api import export
from api.responses import AuditLine
from db.audit import AuditFilter
from roles import trail
from tests import people
from tests.api.asking import Person
from tests.examples import examples
from tests.ledger import values
from tests.servers import Database

AUDIT = "/api/admin/audit"
MANY = examples(100_000)


def lines(admin: Person, **query: object) -> list[tuple[str, str]]:
    return [(line["action"], line["clerk_user_id"]) for line in admin.get(AUDIT, **query).json()["items"]]


def write_many(database: Database, count: int) -> None:
    """Write a long audit trail."""
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute(
            """
            insert into audit_log (at, action, clerk_user_id, actor, reason)
            select now() - make_interval(secs => number), 'role.changed', 'user_' || number, 'operator:years', 'Why.'
            from generate_series(1, %s) as number
            """,
            (count,),
        )


def test_the_newest_line_comes_first(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada", Role.MENTOR)

    assert lines(admin, limit=3) == [
        ("role.assigned", "user_ada"),
        ("role.assigned", "user_ada"),
        ("user.created", "user_ada"),
    ]


def test_lines_are_found_by_user_actor_action_and_time(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada", Role.MENTOR)
    future = (datetime.now(UTC) + timedelta(hours=1)).isoformat()

    assert lines(admin, user="user_ada", action="user.created") == [("user.created", "user_ada")]
    assert lines(admin, actor="operator:tests", user="user_ada") == [("role.assigned", "user_ada")]
    assert len(lines(admin, until=future)) == 6
    assert lines(admin, since=future) == []
    assert lines(admin, user="user_none") == []


def test_lines_are_found_by_what_caused_them(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada")
    admin.post("/api/admin/users/user_ada/roles", role="MENTOR", reason="Mentors a course.")
    cause = admin.get("/api/admin/audit", action="role.assigned", actor="user_admin").json()["items"][0]["cause"]

    assert cause.startswith("req_")
    assert lines(admin, cause=cause) == [("role.assigned", "user_ada")]
    assert lines(admin, cause="req_none") == []


def test_pages_of_the_trail_contain_every_line_once_while_others_are_written(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada")
    first = admin.get(AUDIT, limit=3).json()
    people.add(engine, "user_late")

    second = admin.get(AUDIT, limit=3, cursor=first["next"]).json()

    numbers = [line["id"] for line in [*first["items"], *second["items"]]]
    written = "select id from audit_log where clerk_user_id <> 'user_late' order by id desc limit 6"
    assert numbers == values(engine, written)


def test_the_whole_trail_can_be_exported_as_json_lines(engine: Engine, admin: Person) -> None:
    answer = admin.get(AUDIT, format="jsonl")

    assert answer.headers["Content-Type"] == "application/jsonl"
    assert [json.loads(line) for line in answer.text.splitlines()] == admin.get(AUDIT).json()["items"]


def test_the_whole_trail_can_be_exported_as_csv_without_formulas(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada")
    admin.post("/api/admin/users/user_ada/roles", role="MENTOR", reason="=1+1")

    answer = admin.get(AUDIT, format="csv", user="user_ada")

    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["action"] for row in rows] == ["role.assigned", "role.assigned", "user.created"]
    assert rows[0]["reason"] == "'=1+1"


FORMULAS = ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", " =1+1", "\u00a0=1", "\u200b=1", "\ufeff=1", "\u3000=1"]
FULL_WIDTH = ["\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20x", "\ufe631", "\u22121"]
PLAIN = ["Leads the course.", "x=1+1", "1-1", "\u00e9t\u00e9", "\u65e5\u672c", "'=1"]


@pytest.mark.parametrize("reason", FORMULAS + FULL_WIDTH + PLAIN)
def test_no_cell_can_be_read_as_a_formula(reason: str) -> None:
    line = AuditLine(
        id=1, at=people.THEN, action="role.assigned", clerk_user_id=None, user_role_id=None, role=None,
        actor="user_admin", actor_email=None, reason=reason, cause=None, before=None, after=None,
    )  # fmt: skip

    _, row = csv.reader(io.StringIO("".join(export.csv([line])), newline=""))

    assert row[8] == (reason if reason in PLAIN else f"'{reason}")


def test_an_export_allows_neither_limit_nor_cursor(admin: Person) -> None:
    assert admin.get(AUDIT, format="csv", limit=5).status_code == 422


@pytest.mark.properties
def test_a_long_export_needs_no_more_memory_than_a_page(database: Database, engine: Engine) -> None:
    write_many(database, MANY)
    rest = trail.stream(engine, AuditFilter())
    next(rest)

    tracemalloc.start()
    count = sum(1 for _ in rest)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count == MANY - 1
    assert peak < 4 * 2**20


def test_a_slow_reader_of_an_export_keeps_no_transaction_open(database: Database, engine: Engine) -> None:
    write_many(database, 3_000)

    rest = trail.stream(engine, AuditFilter())
    next(rest)

    assert values(engine, "select count(*) from pg_stat_activity where state = 'idle in transaction'") == [0]


def test_the_trail_can_be_followed_by_position_oldest_line_first(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada", Role.MENTOR)
    seen: list[int] = []
    position = 0
    for _ in range(4):
        answer = admin.get(AUDIT, after=position, limit=2).json()
        seen += [line["id"] for line in answer["items"]]
        position = answer["position"]

    assert seen == values(engine, "select id from audit_log order by id")
    assert admin.get(AUDIT, after=position).json() == {"items": [], "next": None, "position": position}
    people.assign(engine, "user_ada", Role.ADMIN)
    assert [line["role"] for line in admin.get(AUDIT, after=position).json()["items"]] == ["ADMIN"]


def test_the_position_advances_past_lines_that_the_filter_excludes(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada")

    answer = admin.get(AUDIT, after=0, user="user_none").json()

    assert (answer["items"], answer["position"]) == ([], values(engine, "select max(id) from audit_log")[0])


def test_a_line_that_is_not_final_is_withheld(database: Database, engine: Engine, admin: Person) -> None:
    position = admin.get(AUDIT, after=0).json()["position"]
    with psycopg.connect(database.superuser_url) as slow:
        slow.execute("insert into users (clerk_id, clerk_updated_at) values ('user_slow', now())")
        people.add(engine, "user_quick")
        withheld = admin.get(AUDIT, after=position).json()
        slow.commit()
    followed = admin.get(AUDIT, after=position).json()

    assert withheld == {"items": [], "next": None, "position": position}
    assert [line["clerk_user_id"] for line in followed["items"]] == ["user_slow", "user_quick", "user_quick"]


def test_an_export_after_a_position_returns_the_position_to_continue_from(engine: Engine, admin: Person) -> None:
    answer = admin.get(AUDIT, after=1, format="jsonl")

    assert [json.loads(line)["id"] for line in answer.text.splitlines()] == values(
        engine, "select id from audit_log where id > 1 order by id"
    )
    assert answer.headers["X-Audit-Position"] == str(values(engine, "select max(id) from audit_log")[0])


def test_after_and_cursor_exclude_each_other(engine: Engine, admin: Person) -> None:
    cursor = admin.get(AUDIT, limit=1).json()["next"]

    assert admin.get(AUDIT, after=1, cursor=cursor).status_code == 422
