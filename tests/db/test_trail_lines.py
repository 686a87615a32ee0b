"""The audit lines that the triggers write for changes of the tables."""

from datetime import UTC, datetime

import psycopg
import pytest
from psycopg import errors

from tests.db.people import a_role, a_user, actions, trail


def test_plain_sql_writes_a_line_with_the_database_role(owner: psycopg.Connection) -> None:
    user_id = a_user(owner)
    role_id = a_role(owner, user_id)
    created, assigned = trail(owner)
    assert (created["action"], created["actor"], created["cause"]) == ("user.created", "database:akako_owner", None)
    assert (assigned["action"], assigned["user_role_id"], assigned["role"]) == ("role.assigned", role_id, "MENTOR")
    assert (assigned["user_id"], assigned["clerk_user_id"], assigned["reason"]) == (user_id, "user_ada", "because")


def test_a_line_contains_the_state_before_and_after(owner: psycopg.Connection) -> None:
    a_role(owner, a_user(owner), start="timestamptz '2025-05-01Z'")
    owner.execute("update user_roles set effective_end_date = '2025-06-01Z'")
    before, after = (trail(owner)[-1][side] for side in ("before", "after"))
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    changed = {name for name in after if before[name] != after[name]}
    assert changed == {"effective_end_date"}
    assert before["effective_end_date"] is None
    assert datetime.fromisoformat(after["effective_end_date"]) == datetime(2025, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "action"),
    [
        ("effective_end_date = now() + interval '2 days'", "role.extended"),
        ("effective_end_date = null", "role.extended"),
        ("effective_end_date = now() + interval '1 hour'", "role.shortened"),
        ("effective_end_date = now(), is_active = false", "role.revoked"),
        ("is_active = false", "role.revoked"),
        ("admin_notes = 'asked for by phone'", "role.changed"),
    ],
)
def test_each_change_of_an_assignment_writes_one_line_with_its_action(
    owner: psycopg.Connection, change: str, action: str
) -> None:
    a_role(owner, a_user(owner), end="now() + interval '1 day'")
    owner.execute(f"update user_roles set {change}")
    assert actions(owner)[2:] == [action]


def test_closing_an_assignment_whose_end_has_passed_is_an_expiry(owner: psycopg.Connection) -> None:
    a_role(owner, a_user(owner), start="now() - interval '2 days'", end="now() - interval '1 day'")
    owner.execute("update user_roles set is_active = false")
    assert actions(owner)[2:] == ["role.expired"]


def test_reopening_a_closed_assignment_writes_a_line(owner: psycopg.Connection) -> None:
    a_role(owner, a_user(owner), end="now() + interval '1 day'", active=False)
    owner.execute("update user_roles set is_active = true")
    assert actions(owner)[2:] == ["role.restored"]


def test_a_statement_about_several_rows_writes_one_line_for_each(owner: psycopg.Connection) -> None:
    owner.execute(
        "insert into users (clerk_id, clerk_updated_at) select 'user_' || n, now() from generate_series(1, 50) n"
    )
    owner.execute(
        "insert into user_roles (user_id, role, effective_start_date, assigned_by)"
        " select id, 'ADMIN', now(), 'the test' from users"
    )
    owner.execute("update user_roles set effective_end_date = now(), is_active = false")
    assert actions(owner) == ["user.created"] * 50 + ["role.assigned"] * 50 + ["role.revoked"] * 50


def test_an_update_without_a_change_writes_no_line(owner: psycopg.Connection) -> None:
    a_role(owner, a_user(owner))
    before = len(trail(owner))
    owner.execute("update user_roles set is_active = is_active")
    owner.execute("update users set first_name = 'Ada', updated_at = now()")
    assert len(trail(owner)) == before


def test_a_ban_an_unban_and_a_deletion_write_one_line_each(owner: psycopg.Connection) -> None:
    a_user(owner)
    owner.execute("update users set banned = true")
    owner.execute("update users set banned = false")
    owner.execute("update users set deleted_at = now(), clerk_updated_at = null")
    assert actions(owner) == ["user.created", "user.banned", "user.unbanned", "user.deleted"]


def test_inserting_a_tombstone_is_recorded_as_a_deletion_only(owner: psycopg.Connection) -> None:
    owner.execute("insert into users (clerk_id, deleted_at) values ('user_ada', now())")
    assert actions(owner) == ["user.deleted"]


def test_the_trail_contains_no_personal_data(owner: psycopg.Connection) -> None:
    owner.execute(
        """
        insert into users (clerk_id, clerk_updated_at, claimed_email, email, first_name)
        values ('user_ada', now(), 'ada@example.com', 'ada@example.com', 'Ada')
        """
    )
    owner.execute("update users set banned = true, last_name = 'Lovelace'")
    assert "ada@example.com" not in str(trail(owner))
    assert "Lovelace" not in str(trail(owner))


def test_a_rollback_leaves_no_line(owner: psycopg.Connection) -> None:
    with owner.transaction(force_rollback=True):
        a_role(owner, a_user(owner))
    assert trail(owner) == []


def test_a_tombstone_cannot_contain_personal_data(owner: psycopg.Connection) -> None:
    with pytest.raises(errors.CheckViolation, match="users_tombstones_remember_no_person"):
        owner.execute("insert into users (clerk_id, deleted_at, first_name) values ('user_ada', now(), 'Ada')")
