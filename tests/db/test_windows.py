"""Which windows of assignments the database constraints allow."""

import psycopg
import pytest
from psycopg import errors

from tests.db.people import a_role, a_user, rows

MAY, JUNE, JULY = (f"timestamptz '2025-{month}-01 00:00Z'" for month in ("05", "06", "07"))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"start": MAY}, {"start": MAY}),
        ({"start": MAY}, {"start": JUNE}),
        ({"start": JUNE}, {"start": MAY}),
        ({"start": MAY, "end": JULY}, {"start": JUNE}),
        ({"start": JUNE}, {"start": MAY, "end": JULY}),
        ({"start": MAY, "end": JULY}, {"start": JUNE, "end": f"{JUNE} + interval '1 second'"}),
        ({"start": MAY, "end": JUNE}, {"start": f"{JUNE} - interval '1 microsecond'", "end": JULY}),
    ],
)
def test_overlapping_active_windows_of_one_role_are_refused(
    owner: psycopg.Connection, first: dict[str, str], second: dict[str, str]
) -> None:
    user_id = a_user(owner)
    a_role(owner, user_id, **first)  # type: ignore[arg-type]
    with pytest.raises(errors.ExclusionViolation, match="user_roles_no_overlap"):
        a_role(owner, user_id, **second)  # type: ignore[arg-type]


def test_a_window_may_start_where_another_ends(owner: psycopg.Connection) -> None:
    user_id = a_user(owner)
    a_role(owner, user_id, start=JUNE, end=JULY)
    a_role(owner, user_id, start=MAY, end=JUNE)
    a_role(owner, user_id, start=JULY)
    assert rows(owner, "select count(*) from user_roles") == [(3,)]


def test_windows_of_different_roles_and_users_may_overlap(owner: psycopg.Connection) -> None:
    ada, bea = a_user(owner), a_user(owner, "user_bea")
    for user_id in (ada, bea):
        for role in ("LEARNER", "MENTOR", "ADMIN"):
            a_role(owner, user_id, role=role)
    assert rows(owner, "select count(*) from user_roles") == [(6,)]


def test_a_closed_window_may_be_overlapped(owner: psycopg.Connection) -> None:
    user_id = a_user(owner)
    for _ in range(2):
        a_role(owner, user_id, start=MAY, end=JULY, active=False)
    a_role(owner, user_id, start=MAY)
    assert rows(owner, "select count(*) from user_roles") == [(3,)]


def test_a_closed_window_cannot_be_reopened_over_another(owner: psycopg.Connection) -> None:
    user_id = a_user(owner)
    closed = a_role(owner, user_id, start=MAY, end=JULY, active=False)
    a_role(owner, user_id, start=JUNE)
    with pytest.raises(errors.ExclusionViolation):
        owner.execute("update user_roles set is_active = true where id = %s", (closed,))


def test_a_window_cannot_be_extended_into_another(owner: psycopg.Connection) -> None:
    user_id = a_user(owner)
    first = a_role(owner, user_id, start=MAY, end=JUNE)
    a_role(owner, user_id, start=JUNE, end=JULY)
    with pytest.raises(errors.ExclusionViolation):
        owner.execute("update user_roles set effective_end_date = null where id = %s", (first,))


@pytest.mark.parametrize(
    ("window", "constraint"),
    [
        ({"start": JUNE, "end": MAY}, "user_roles_end_follows_start"),
        ({"start": MAY, "active": False}, "user_roles_closed_have_an_end"),
        ({"start": "timestamptz '-infinity'"}, "user_roles_finite_dates"),
        ({"start": MAY, "end": "timestamptz 'infinity'"}, "user_roles_finite_dates"),
        ({"role": "OWNER"}, "null value in column|user_roles_known_role"),
        ({"role": "learner"}, "null value in column|user_roles_known_role"),
    ],
)
def test_an_invalid_window_is_refused(owner: psycopg.Connection, window: dict[str, str], constraint: str) -> None:
    user_id = a_user(owner)
    with pytest.raises(errors.IntegrityError, match=constraint):
        a_role(owner, user_id, **window)  # type: ignore[arg-type]


def test_an_empty_window_is_allowed(owner: psycopg.Connection) -> None:
    user_id = a_user(owner)
    a_role(owner, user_id, start=JUNE, end=JUNE)
    a_role(owner, user_id, start=MAY, end=JULY)
    assert rows(owner, "select count(*) from user_roles") == [(2,)]


def test_an_assignment_without_a_user_is_refused(owner: psycopg.Connection) -> None:
    with pytest.raises(errors.ForeignKeyViolation):
        a_role(owner, 7)


def test_users_with_adjacent_large_ids_do_not_conflict(owner: psycopg.Connection) -> None:
    ids = [2**50 + n for n in range(20)]
    for user_id in ids:
        owner.execute(
            "insert into users (id, clerk_id, clerk_updated_at) overriding system value values (%s, %s, now())",
            (user_id, f"user_{user_id}"),
        )
        for role in ("LEARNER", "MENTOR", "ADMIN"):
            a_role(owner, user_id, role=role)
    for user_id in ids:
        with pytest.raises(errors.ExclusionViolation):
            a_role(owner, user_id, role="MENTOR")
