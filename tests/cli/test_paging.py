"""An incomplete list is followed by the command for the next page on standard error."""

import json
import re
import shlex
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from akako_guard.role import Role
from tests import ledger, people
from tests.clerk_sender import Clerk
from tests.servers import Database, demoted

COUNT = 7


@pytest.fixture
def users(engine: Engine, clerk: Clerk) -> list[str]:
    """Users created by events, oldest first."""
    ids = [f"user_{number}" for number in range(COUNT)]
    for clerk_id in ids:
        ledger.apply(engine, clerk, clerk.created(clerk_id, email=None))
    return ids


def next_command(stderr: str) -> list[str]:
    """The words after `akako` of the command for the next page."""
    (found,) = re.findall(r"(?:Next page|Continue with): akako (.*)", stderr)
    return shlex.split(found)


def pages(akako: Any, *words: str) -> list[list[dict[str, Any]]]:
    """Every page, each read with the command that the previous one printed."""
    found = []
    command: list[str] | None = list(words)
    while command:
        done = akako(*command)
        assert done.exit_code == 0, done.output
        page = json.loads(done.stdout)
        found.append(page["items"])
        assert (page["next"] is None) == (done.stderr == "")
        command = next_command(done.stderr) if page["next"] else None
    return found


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (("users", "list", "--not-banned"), "clerk_id"),
        (("events", "list", "--status", "applied"), "clerk_user_id"),
        (("roles", "list"), "clerk_id"),
        (("roles", "list", "--role", "LEARNER", "--as-of", "now"), "clerk_id"),
    ],
)
def test_the_printed_commands_read_every_row(akako: Any, users: list[str], words: tuple[str, ...], key: str) -> None:
    found = pages(akako, *words, "--limit", "3", "--json")

    assert [len(page) for page in found] == [3, 3, 1]
    assert sorted(row[key] for page in found for row in page) == users


@pytest.mark.parametrize("words", [("users", "list"), ("events", "list"), ("roles", "list")])
def test_all_prints_every_row_at_once(akako: Any, users: list[str], words: tuple[str, ...]) -> None:
    done = akako(*words, "--all", "--json")

    page = json.loads(done.stdout)
    assert (len(page["items"]), page["next"], done.stderr) == (COUNT, None, "")


def test_the_next_page_of_a_table_is_printed_to_standard_error(akako: Any, users: list[str]) -> None:
    done = akako("users", "list", "--limit", "3")

    assert "There are more results" not in done.stdout
    assert next_command(done.stderr)[:2] == ["users", "list"]


def test_the_next_page_of_the_audit_trail_starts_where_the_first_ended(akako: Any, users: list[str]) -> None:
    first = akako("audit", "--limit", "4", "--json")
    second = akako(*next_command(first.stderr))

    numbers = [json.loads(line)["id"] for line in (first.stdout + second.stdout).splitlines()]
    assert numbers == sorted(numbers, reverse=True)
    assert len(set(numbers)) == 8


def test_the_audit_trail_is_followed_by_position(akako: Any, engine: Engine, users: list[str]) -> None:
    words = ["audit", "--after", "0", "--limit", "5", "--json"]
    seen: list[int] = []
    for _ in range(4):
        done = akako(*words)
        seen += [json.loads(line)["id"] for line in done.stdout.splitlines()]
        words = next_command(done.stderr)
    assert seen == ledger.values(engine, "select id from audit_log order by id")

    people.assign(engine, "user_0", Role.MENTOR)

    assert [json.loads(line)["action"] for line in akako(*words).stdout.splitlines()] == ["role.assigned"]


def test_the_printed_command_has_the_given_options(akako: Any, users: list[str]) -> None:
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()

    done = akako("audit", "--since", since, "--actor", "clerk", "--limit", "1", "--json")
    again = next_command(done.stderr)

    assert {*again} >= {"audit", "--actor", "clerk", "--since", since, "--limit", "1", "--json", "--before"}
    assert akako(*again).exit_code == 0


def test_before_and_after_cannot_be_combined(akako: Any) -> None:
    assert akako("audit", "--before", "7", "--after", "3").exit_code == 2


def test_a_read_only_server_cannot_be_followed(akako: Any, database: Database) -> None:
    with demoted(database):
        done = akako("audit", "--after", "0")

    assert (done.exit_code, "point DATABASE_URL at the primary" in done.output) == (1, True)
