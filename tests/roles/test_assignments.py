from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from akako_guard.role import Role
from clerk.user import Deletion
from roles import history
from roles.refusal import (
    AssignmentOver,
    AssignmentUnknown,
    EndTooSoon,
    LastAdmin,
    Overlap,
    StartTooEarly,
    UserDeleted,
    UserUnknown,
)
from sync.persist import write
from tests import people
from tests.ledger import rows, values

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)


def delete(engine: Engine, clerk_id: str) -> None:
    with engine.begin() as connection:
        write(connection, [(Deletion(clerk_id=clerk_id, at=NOW), "msg_gone")], Role.LEARNER)


def roles_of(engine: Engine, clerk_id: str) -> set[Role]:
    return set(people.find(engine, clerk_id).roles)


def test_an_assigned_role_is_held_from_now_on(engine: Engine) -> None:
    people.add(engine, "user_ada")

    given = people.assign(engine, "user_ada", Role.MENTOR)

    assert given.held
    assert roles_of(engine, "user_ada") == {Role.LEARNER, Role.MENTOR}


def test_an_assignment_writes_one_line_with_actor_reason_and_request(engine: Engine) -> None:
    people.add(engine, "user_ada")

    given = people.assign(engine, "user_ada", Role.MENTOR)

    lines = rows(engine, "select action, actor, reason, cause from audit_log where user_role_id = %s", given.id)
    assert lines == [("role.assigned", "operator:tests", "For a test.", "req_tests")]


def test_a_future_role_is_not_held_yet(engine: Engine) -> None:
    people.add(engine, "user_ada")

    given = people.assign(engine, "user_ada", Role.MENTOR, start=NOW + HOUR)

    assert not given.held
    assert roles_of(engine, "user_ada") == {Role.LEARNER}


def test_an_overlap_names_the_conflicting_assignment(engine: Engine) -> None:
    people.add(engine, "user_ada")
    first = people.assign(engine, "user_ada", Role.MENTOR, end=NOW + 2 * HOUR)

    with pytest.raises(Overlap) as refusal:
        people.assign(engine, "user_ada", Role.MENTOR, start=NOW + HOUR)

    assert refusal.value.conflicting is not None
    assert refusal.value.conflicting.id == first.id
    assert f"assignment {first.id}: MENTOR" in str(refusal.value)


def test_a_window_may_start_where_another_ends(engine: Engine) -> None:
    people.add(engine, "user_ada")
    people.assign(engine, "user_ada", Role.MENTOR, end=NOW + HOUR)

    second = people.assign(engine, "user_ada", Role.MENTOR, start=NOW + HOUR)

    assert second.effective_start_date == NOW + HOUR


def test_an_extension_into_the_next_window_names_that_one(engine: Engine) -> None:
    people.add(engine, "user_ada")
    first = people.assign(engine, "user_ada", Role.MENTOR, end=NOW + HOUR)
    second = people.assign(engine, "user_ada", Role.MENTOR, start=NOW + HOUR)

    with pytest.raises(Overlap) as refusal:
        people.change_end(engine, "user_ada", first, NOW + 2 * HOUR)

    assert refusal.value.conflicting is not None
    assert refusal.value.conflicting.id == second.id


def test_an_end_in_the_past_is_refused(engine: Engine) -> None:
    people.add(engine, "user_ada")

    with pytest.raises(EndTooSoon):
        people.assign(engine, "user_ada", Role.MENTOR, end=NOW - HOUR)


def test_a_start_in_the_past_is_refused(engine: Engine) -> None:
    people.add(engine, "user_ada")

    with pytest.raises(StartTooEarly):
        people.assign(engine, "user_ada", Role.MENTOR, start=NOW - HOUR)


def test_a_start_that_has_just_passed_is_now(engine: Engine) -> None:
    people.add(engine, "user_ada")
    asked = datetime.now(UTC) - timedelta(seconds=30)

    given = people.assign(engine, "user_ada", Role.MENTOR, start=asked)

    assert given.held
    assert given.created_at - given.effective_start_date < timedelta(seconds=10)


def test_an_end_before_the_start_is_refused(engine: Engine) -> None:
    people.add(engine, "user_ada")

    with pytest.raises(EndTooSoon):
        people.assign(engine, "user_ada", Role.MENTOR, start=NOW + 2 * HOUR, end=NOW + HOUR)


def test_an_unchanged_end_writes_no_line(engine: Engine) -> None:
    people.add(engine, "user_ada")
    given = people.assign(engine, "user_ada", Role.MENTOR, end=NOW + HOUR)

    people.change_end(engine, "user_ada", given, NOW + HOUR)

    assert values(engine, "select action from audit_log where user_role_id = %s", given.id) == ["role.assigned"]


@pytest.mark.parametrize(
    ("end", "action"), [(None, "role.extended"), (NOW + HOUR, "role.shortened"), (NOW + 3 * HOUR, "role.extended")]
)
def test_a_change_of_the_end_writes_one_line(engine: Engine, end: datetime | None, action: str) -> None:
    people.add(engine, "user_ada")
    given = people.assign(engine, "user_ada", Role.MENTOR, end=NOW + 2 * HOUR)

    changed = people.change_end(engine, "user_ada", given, end)

    assert changed.effective_end_date == end
    lines = values(engine, "select action from audit_log where user_role_id = %s order by id", given.id)
    assert lines == ["role.assigned", action]


def test_a_revoked_role_is_no_longer_held_and_its_row_remains(engine: Engine) -> None:
    people.add(engine, "user_ada")
    given = people.assign(engine, "user_ada", Role.MENTOR)

    revoked = people.revoke(engine, "user_ada", given)

    assert (revoked.is_active, revoked.held, revoked.end_reason) == (False, False, "For a test.")
    assert roles_of(engine, "user_ada") == {Role.LEARNER}


def test_a_revoked_future_window_was_never_held(engine: Engine) -> None:
    people.add(engine, "user_ada")
    given = people.assign(engine, "user_ada", Role.MENTOR, start=NOW + HOUR)

    people.revoke(engine, "user_ada", given)

    with engine.begin() as connection:
        found = history.roles_at(connection, "user_ada", NOW + 2 * HOUR)
    assert found.roles == [Role.LEARNER]


def test_a_revocation_does_not_change_what_was_held_before(engine: Engine) -> None:
    people.add(engine, "user_ada")
    given = people.held_since(engine, "user_ada", Role.MENTOR, NOW - 2 * HOUR)

    people.revoke(engine, "user_ada", given)

    with engine.begin() as connection:
        found = history.roles_at(connection, "user_ada", NOW - HOUR, NOW + HOUR)
    assert found.roles == [Role.LEARNER, Role.MENTOR]


def test_an_ended_assignment_cannot_be_changed(engine: Engine) -> None:
    people.add(engine, "user_ada")
    given = people.assign(engine, "user_ada", Role.MENTOR)
    people.revoke(engine, "user_ada", given)

    with pytest.raises(AssignmentOver):
        people.revoke(engine, "user_ada", given)
    with pytest.raises(AssignmentOver):
        people.change_end(engine, "user_ada", given, None)


def test_assigning_to_an_unknown_user_is_refused(engine: Engine) -> None:
    with pytest.raises(UserUnknown):
        people.assign(engine, "user_none", Role.MENTOR)


def test_assigning_to_a_deleted_user_is_refused(engine: Engine) -> None:
    people.add(engine, "user_ada")
    delete(engine, "user_ada")

    with pytest.raises(UserDeleted):
        people.assign(engine, "user_ada", Role.MENTOR)


def test_an_assignment_cannot_be_changed_through_another_user(engine: Engine) -> None:
    people.add(engine, "user_ada")
    people.add(engine, "user_bob")
    given = people.assign(engine, "user_ada", Role.MENTOR)

    with pytest.raises(AssignmentUnknown):
        people.revoke(engine, "user_bob", given)


def test_the_last_admin_cannot_be_removed(engine: Engine) -> None:
    people.add(engine, "user_ada")
    given = people.assign(engine, "user_ada", Role.ADMIN)

    with pytest.raises(LastAdmin):
        people.revoke(engine, "user_ada", given)
    with pytest.raises(LastAdmin):
        people.change_end(engine, "user_ada", given, NOW + HOUR)

    assert Role.ADMIN in roles_of(engine, "user_ada")


def test_an_admin_who_is_not_the_last_can_be_removed(engine: Engine) -> None:
    people.add(engine, "user_ada", Role.ADMIN)
    people.add(engine, "user_bob")
    given = people.assign(engine, "user_bob", Role.ADMIN)

    people.revoke(engine, "user_bob", given)

    assert Role.ADMIN not in roles_of(engine, "user_bob")


def test_admins_cannot_be_shortened_one_after_the_other_until_none_is_left(engine: Engine) -> None:
    people.add(engine, "user_ada")
    people.add(engine, "user_bob")
    adas = people.assign(engine, "user_ada", Role.ADMIN)
    bobs = people.assign(engine, "user_bob", Role.ADMIN)
    people.change_end(engine, "user_ada", adas, NOW + 2 * HOUR)

    with pytest.raises(LastAdmin):
        people.change_end(engine, "user_bob", bobs, NOW + HOUR)


def test_an_admin_with_an_end_cannot_replace_one_without(engine: Engine) -> None:
    people.add(engine, "user_ada")
    people.add(engine, "user_bob")
    people.assign(engine, "user_ada", Role.ADMIN, end=NOW + HOUR)
    bobs = people.assign(engine, "user_bob", Role.ADMIN)

    with pytest.raises(LastAdmin):
        people.revoke(engine, "user_bob", bobs)


def test_an_admin_can_be_succeeded_by_one_who_starts_when_the_first_ends(
    engine: Engine,
) -> None:
    people.add(engine, "user_ada")
    people.add(engine, "user_bob")
    adas = people.assign(engine, "user_ada", Role.ADMIN)
    people.assign(engine, "user_bob", Role.ADMIN, start=NOW + HOUR)

    changed = people.change_end(engine, "user_ada", adas, NOW + HOUR)

    assert changed.effective_end_date == NOW + HOUR


def test_a_banned_admin_does_not_count(engine: Engine) -> None:
    people.add(engine, "user_ada")
    given = people.assign(engine, "user_ada", Role.ADMIN)
    people.add(engine, "user_bob", Role.ADMIN, banned=True)

    with pytest.raises(LastAdmin):
        people.revoke(engine, "user_ada", given)


def test_a_banned_admin_can_be_removed(engine: Engine) -> None:
    people.add(engine, "user_bob", banned=True)
    given = people.assign(engine, "user_bob", Role.ADMIN)

    revoked = people.revoke(engine, "user_bob", given)

    assert not revoked.is_active


def test_a_deleted_admin_does_not_count_and_the_deletion_is_not_refused(engine: Engine) -> None:
    people.add(engine, "user_ada")
    given = people.assign(engine, "user_ada", Role.ADMIN)
    people.add(engine, "user_bob", Role.ADMIN)
    delete(engine, "user_bob")

    with pytest.raises(LastAdmin):
        people.revoke(engine, "user_ada", given)
