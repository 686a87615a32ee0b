"""`akako roles import`: all lines or none, once, with the past marked as imported and answers about it unchanged."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import Result
from sqlalchemy import Engine

from akako_guard.role import Role
from tests import people
from tests.ledger import rows, values
from tests.servers import Database

HEADER = "who,role,from,until,by,why"
WINDOWS = """
    select clerk_id, role, effective_start_date::date::text, effective_end_date::date::text, assigned_by,
           user_roles.reason, is_active
    from user_roles join users on users.id = user_id where role <> 'LEARNER' order by clerk_id, effective_start_date
"""
COUNT = "select count(*) from user_roles where role <> 'LEARNER'"

DEFAULT = "akako"
"""Who assigns the default role."""

Import = Callable[..., Result]


@pytest.fixture
def imported(akako: Any, database: Database, tmp_path: Path, engine: Engine) -> Import:
    """Imports these lines, as the owner of the tables."""
    for name in ("user_ada", "user_bea"):
        people.add(engine, name, email=f"{name}@example.com", external_id=f"ext-{name}")

    def run(*lines: str, words: tuple[str, ...] = (), name: str = "roles.csv", owner: bool = True) -> Result:
        file = tmp_path / name
        file.write_text("\n".join((HEADER, *lines)) if name.endswith("csv") else "\n".join(lines))
        environment = {"DATABASE_OWNER_URL": database.owner_url} if owner else {}
        said = ("--reason", "Moved from the old LMS.", "--by", "grace")
        result: Result = akako("roles", "import", str(file), *said, *words, **environment)
        return result

    return run


def test_windows_of_the_past_are_marked_as_imported(engine: Engine, imported: Import, tmp_path: Path) -> None:
    result = imported(
        "user_ada,MENTOR,2024-02-01T00:00:00Z,2025-02-01T00:00:00Z,dean@example.org,Course 12",
        "user_ada,MENTOR,2025-06-01T00:00:00Z,,,",
        "user_bea,admin,,,,",
    )
    assert (result.exit_code, "Added: 3, of them 2 that begin in the past." in result.stdout) == (0, True), (
        result.output
    )
    moved = "Moved from the old LMS."
    first, second, third = rows(engine, WINDOWS)
    assert first == ("user_ada", "MENTOR", "2024-02-01", "2025-02-01", "imported: dean@example.org", "Course 12", False)
    assert second == ("user_ada", "MENTOR", "2025-06-01", None, "imported: operator:grace", moved, True)
    assert third[4:] == ("imported: operator:grace", moved, True)
    digest = hashlib.sha256((tmp_path / "roles.csv").read_bytes()).hexdigest()[:12]
    assert rows(
        engine,
        "select clerk_user_id, action, actor, reason, cause from audit_log where role <> 'LEARNER' order by 1, 4",
    ) == [
        ("user_ada", "role.assigned", "operator:grace", "Course 12", f"import_{digest}"),
        ("user_ada", "role.assigned", "operator:grace", moved, f"import_{digest}"),
        ("user_bea", "role.assigned", "operator:grace", moved, f"import_{digest}"),
    ]


def test_what_was_so_does_not_change(engine: Engine, akako: Any, imported: Import) -> None:
    imported("user_ada,MENTOR,2024-02-01T00:00:00Z,,,")
    at = ("roles", "list", "user_ada", "--at", "2024-03-01T00:00:00Z", "--json")
    assert json.loads(akako(*at).stdout)["roles"] == []
    assert json.loads(akako(*at, "--as-of", "now").stdout)["roles"] == ["MENTOR"]


def test_a_second_import_writes_nothing(engine: Engine, imported: Import) -> None:
    lines = ("user_ada,MENTOR,2024-02-01T00:00:00Z,2025-02-01T00:00:00Z,,", "user_ada,MENTOR,2026-02-01T00:00:00Z,,,")
    imported(*lines)
    before = values(engine, "select count(*) from audit_log")
    again = imported(*lines, "user_ada,MENTOR,2024-03-01T00:00:00Z,2024-04-01T00:00:00Z,,")
    assert (again.exit_code, "Added: 0" in again.stdout, "Held already: 3" in again.stdout) == (0, True, True)
    assert values(engine, "select count(*) from audit_log") == before


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("user_cleo,MENTOR,,,,", "no user has this value of `who`"),
        ("user_ada,OWNER,,,,", "`role`: give one of"),
        ("user_ada,MENTOR,,2024-01-01T00:00:00Z,,", "`until` is in the past"),
        ("user_bea,MENTOR,2024-06-01T00:00:00Z,2026-01-01T00:00:00Z,,", "it overlaps the same role from 2024-02-01"),
    ],
)
def test_one_refused_line_refuses_the_file(engine: Engine, imported: Import, line: str, why: str) -> None:
    good = "user_bea,MENTOR,2024-02-01T00:00:00Z,2025-02-01T00:00:00Z,,"
    result = imported(good, line)
    assert (result.exit_code, f"line 3: {why}" in result.stderr) == (1, True), result.stderr
    assert "Nothing was written. To be added: 1" in result.stdout
    assert values(engine, COUNT) == [0]

    partial = imported(good, line, words=("--partial",))
    assert (partial.exit_code, values(engine, COUNT)) == (1, [1])


def test_a_deleted_user_gets_no_role(engine: Engine, imported: Import, akako: Any) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("select set_config('akako.actor', 'clerk', true)")
        connection.exec_driver_sql(
            "update users set deleted_at = now(), email = null, claimed_email = null, first_name = null,"
            " last_name = null, username = null, image_url = null, external_id = null, clerk_created_at = null,"
            " clerk_updated_at = null, email_verified = null, banned_as_of = null, search_keys = null"
            " where clerk_id = 'user_ada'"
        )
    result = imported("user_ada,MENTOR,,,,")
    assert "the user was deleted in Clerk" in result.stderr


def test_a_dry_run_shows_each_line_and_writes_nothing(engine: Engine, imported: Import) -> None:
    lines = ("user_ada,MENTOR,2024-02-01T00:00:00Z,,,", "user_cleo,ADMIN,,,,")
    shown = imported(*lines, words=("--dry-run",))
    assert (shown.exit_code, "user_ada" in shown.stdout, "refused" in shown.stdout) == (1, True, True)
    found = json.loads(imported(*lines, words=("--dry-run", "--json")).stdout)
    assert (found["written"], found["added"], found["refused"], found["in_the_past"]) == (False, 1, 1, 1)
    assert [line["outcome"] for line in found["lines"]] == ["added", "refused"]
    assert values(engine, COUNT) == [0]


@pytest.mark.parametrize(
    ("kind", "value"), [("external-id", "ext-user_bea"), ("email", "USER_bea@example.com"), ("clerk-id", "user_bea")]
)
def test_users_are_found_by_other_identifiers(engine: Engine, imported: Import, kind: str, value: str) -> None:
    result = imported(f"{value},MENTOR,,,,", words=("--who", kind))
    assert result.exit_code == 0, result.output
    assert values(engine, "select clerk_id from current_roles where role = 'MENTOR'") == ["user_bea"]


def test_json_lines_are_imported(engine: Engine, imported: Import) -> None:
    result = imported(json.dumps({"who": "user_ada", "role": "ADMIN", "by": None}), name="roles.jsonl")
    assert (result.exit_code, Role.ADMIN in people.find(engine, "user_ada").roles) == (0, True)


def test_the_past_needs_the_owner_of_the_tables(engine: Engine, imported: Import) -> None:
    for window in ("2024-02-01T00:00:00Z,", "2024-02-01T00:00:00Z,2024-03-01T00:00:00Z"):
        result = imported(f"user_ada,MENTOR,{window},,", owner=False)
        assert (result.exit_code, "Set DATABASE_OWNER_URL" in result.stderr) == (1, True)
    assert imported("user_ada,MENTOR,,,,", owner=False).exit_code == 0


@pytest.mark.parametrize(
    ("name", "lines", "words", "message"),
    [
        ("roles.txt", ("x",), (), "Give --format"),
        ("roles.csv", ('"user_ada,ADMIN,,,,',), (), "is not CSV"),
        ("roles.jsonl", ("\x00",), (), "NUL"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    engine: Engine, imported: Import, name: str, lines: tuple[str, ...], words: tuple[str, ...], message: str
) -> None:
    result = imported(*lines, words=words, name=name)
    assert (result.exit_code != 0, message in result.stderr) == (True, True), result.stderr
    assert values(engine, COUNT) == [0]


def test_many_lines_are_added_in_sets(engine: Engine, imported: Import) -> None:
    lines = [
        f"user_ada,MENTOR,2020-01-01T{hour:02}:{minute:02}:00Z,2020-01-01T{hour:02}:{minute:02}:30Z,,"
        for hour in range(24)
        for minute in range(60)
    ]
    result = imported(*lines)
    assert (result.exit_code, "Added: 1,440" in result.stdout) == (0, True), result.stdout
    assert values(engine, COUNT) == [1_440]


def test_the_documented_queries_move_the_tables_of_an_lms_and_find_every_difference(
    engine: Engine, database: Database, imported: Import
) -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/manage-roles.md").read_text()
    write, compare, ids = (each.split("```")[0] for each in page.split("```sql\n")[1:4])
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        connection.execute("create schema lms")
        connection.execute("set search_path = lms")
        connection.execute('create table "User" (id text primary key, "clerkId" text)')
        connection.execute(
            'create table "UserRole" (id text, "userId" text, role text, "isActive" boolean,'
            ' "effectiveStartDate" timestamp(3), "effectiveEndDate" timestamp(3))'
        )
        connection.execute("insert into \"User\" values ('clx1', 'user_ada'), ('ext-user_bea', 'user_bea')")
        connection.execute(
            """
            insert into "UserRole" values
                ('r1', 'clx1', 'MENTOR', true, '2024-02-01 08:00', null),
                ('r2', 'ext-user_bea', 'MENTOR', false, '2024-02-01', '2024-05-01 12:30:00.5'),
                ('r3', 'ext-user_bea', 'ADMIN', false, '2024-02-01', null)
            """
        )
        with connection.cursor().copy(write.encode()) as copied:
            header, *lines = b"".join(bytes(part) for part in copied).decode().splitlines()
        assert header == "who,role,from,until"
        result = imported(*(f"{line},," for line in lines))
        assert (result.exit_code, "Added: 2" in result.stdout) == (0, True), result.output
        assert [(each[0], each[2], each[3]) for each in rows(engine, WINDOWS)] == [
            ("user_ada", "2024-02-01", None),
            ("user_bea", "2024-02-01", "2024-05-01"),
        ]

        def differences() -> list[tuple[str, str, str]]:
            found = connection.execute(compare.encode()).fetchall()
            return [(each[0], each[1], each[-1]) for each in found if each[5] is None or each[5] != DEFAULT]

        assert differences() == []
        connection.execute("update \"UserRole\" set role = 'ADMIN' where id = 'r1'")
        connection.execute("update \"UserRole\" set \"effectiveEndDate\" = '2024-05-02' where id = 'r2'")
        assert differences() == [
            ("user_ada", "ADMIN", "missing"),
            ("user_ada", "MENTOR", "added"),
            ("user_bea", "MENTOR", "end"),
        ]
        assert connection.execute(ids.encode()).fetchall() == [("user_ada", "clx1", "ext-user_ada")]
