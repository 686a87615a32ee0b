from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from akako_guard.role import Role
from tests import people
from tests.api.asking import Person, SignIn
from tests.ledger import change, rows, values

NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)
ROLES = "/api/admin/users/user_ada/roles"
WHY = "/api/admin/users/user_ada/explain"


def clock(engine: Engine) -> datetime:
    """The time by the database clock."""
    moment: datetime = values(engine, "select clock_timestamp()")[0]
    return moment


def test_an_assignment_contains_who_when_and_why(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada")

    answer = admin.post(ROLES, role="MENTOR", reason="She leads the course.", notes="Until summer?")

    assert answer.status_code == 201
    assert answer.json() | {"id": 0, "effective_start_date": "", "created_at": "", "updated_at": ""} == {
        "id": 0,
        "role": "MENTOR",
        "effective_start_date": "",
        "effective_end_date": None,
        "held": True,
        "assigned_by": "user_admin",
        "assigned_by_email": "admin@example.com",
        "reason": "She leads the course.",
        "end_reason": None,
        "admin_notes": "Until summer?",
        "is_active": True,
        "created_at": "",
        "updated_at": "",
    }


def test_a_change_writes_one_line_with_actor_request_and_reason(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada")

    answer = admin.post(ROLES, role="MENTOR", reason="She leads the course.")

    lines = rows(
        engine,
        "select action, actor, actor_email, reason, cause from audit_log where user_role_id = %s",
        answer.json()["id"],
    )
    request_id = answer.headers["X-Request-Id"]
    assert lines == [("role.assigned", "user_admin", "admin@example.com", "She leads the course.", request_id)]


def test_an_impersonator_is_recorded_together_with_the_admin(engine: Engine, admin: Person, sign_in: SignIn) -> None:
    people.add(engine, "user_ada")
    support = sign_in("user_admin", act={"sub": "user_support"})

    given = support.post(ROLES, role="MENTOR", reason="A ticket.").json()

    assert given["assigned_by"] == "user_support as user_admin"


def test_the_assigning_admin_is_never_taken_from_the_body(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada")

    answer = admin.post(ROLES, role="MENTOR", reason="Mine.", assigned_by="user_eve")

    assert (answer.status_code, answer.json()["error"]) == (422, "invalid")


def test_an_overlap_is_a_conflict_with_the_id_of_the_other_assignment(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada")
    first = admin.post(ROLES, role="MENTOR", reason="First.").json()

    answer = admin.post(ROLES, role="MENTOR", reason="Second.", start=(NOW + HOUR).isoformat())

    assert (answer.status_code, answer.json()["error"]) == (409, "overlap")
    assert answer.json()["assignment_id"] == first["id"]


def test_a_changed_end_takes_effect_and_is_recorded(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada")
    given = admin.post(ROLES, role="MENTOR", reason="First.").json()

    changed = admin.patch(f"{ROLES}/{given['id']}", end=(NOW + HOUR).isoformat(), reason="A shorter course.").json()

    assert datetime.fromisoformat(changed["effective_end_date"]) == NOW + HOUR
    trail = admin.get("/api/admin/audit", user="user_ada", action="role.shortened").json()["items"]
    assert [(line["reason"], line["actor"]) for line in trail] == [("A shorter course.", "user_admin")]


def test_a_revoked_role_is_refused_on_the_very_next_request(engine: Engine, admin: Person, sign_in: SignIn) -> None:
    people.add(engine, "user_ada")
    given = admin.post(ROLES, role="ADMIN", reason="For a day.").json()
    ada = sign_in("user_ada")
    before = ada.get("/api/admin/users").status_code

    revoked = admin.delete(f"{ROLES}/{given['id']}", reason="The day is over.")

    assert (before, revoked.status_code, ada.get("/api/admin/users").status_code) == (200, 200, 403)


def test_revoking_the_last_admin_is_refused(engine: Engine, admin: Person) -> None:
    own = admin.get("/api/admin/users/user_admin/roles").json()["assignments"]
    adminship = next(each["id"] for each in own if each["role"] == "ADMIN")

    answer = admin.delete(f"/api/admin/users/user_admin/roles/{adminship}", reason="I quit.")

    assert (answer.status_code, answer.json()["error"]) == (409, "last_admin")


def test_what_is_known_now_about_a_time_follows_from_the_windows(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada")
    people.held_since(engine, "user_ada", Role.MENTOR, NOW - 3 * HOUR)
    mentor = admin.get(ROLES).json()["assignments"][0]
    admin.delete(f"{ROLES}/{mentor['id']}", reason="Over.")

    then = admin.get(ROLES, at=(NOW - HOUR).isoformat(), as_of="now").json()
    before = admin.get(ROLES, at=(NOW - 4 * HOUR).isoformat(), as_of="now").json()

    assert (then["roles"], before["roles"]) == (["LEARNER", "MENTOR"], ["LEARNER"])
    assert (then["question"], then["at"]) == ("what_is_known", f"{NOW - HOUR:%Y-%m-%dT%H:%M:%SZ}")
    assert admin.get(ROLES).json()["roles"] == ["LEARNER"]


def test_what_was_so_uses_what_was_recorded_then_and_lists_later_revisions(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada")
    given = people.held_since(engine, "user_ada", Role.MENTOR, NOW - 3 * HOUR)

    was = admin.get(ROLES, at=(NOW - HOUR).isoformat()).json()

    assert (was["question"], was["as_of"], was["user_status"], was["roles"]) == (
        "what_was_so",
        was["at"],
        "unknown",
        [],
    )
    assert [(each["role"], each["held"], each["action"]) for each in was["revisions"]] == [
        ("LEARNER", True, "role.assigned"),
        ("MENTOR", True, "role.assigned"),
    ]
    assert was["revisions"][1]["user_role_id"] == given.id


def test_the_future_is_answered_by_what_is_known_now(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada")
    people.assign(engine, "user_ada", Role.MENTOR, start=NOW + HOUR)

    answer = admin.get(ROLES, at=(NOW + 2 * HOUR).isoformat()).json()

    assert (answer["question"], answer["roles"]) == ("what_is_known", ["LEARNER", "MENTOR"])
    assert answer["as_of"] < answer["at"]


def test_a_history_can_be_shown_as_recorded_by_a_time(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada")
    moment = clock(engine)
    people.assign(engine, "user_ada", Role.MENTOR)

    now = admin.get("/api/admin/users/user_ada").json()["assignments"]
    then = admin.get("/api/admin/users/user_ada", as_of=moment.isoformat()).json()["assignments"]

    assert [each["role"] for each in now] == ["MENTOR", "LEARNER"]
    assert [each["role"] for each in then] == ["LEARNER"]


def test_a_ban_counts_as_of_the_time_of_the_question(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada")
    before = clock(engine)
    change(engine, "update users set banned = true where clerk_id = 'user_ada'")
    meanwhile = clock(engine)
    change(engine, "update users set banned = false where clerk_id = 'user_ada'")

    shown = [
        admin.get(WHY, role="LEARNER", at=moment.isoformat()).json() for moment in (before, meanwhile, clock(engine))
    ]

    assert [each["user_status"] for each in shown] == ["active", "banned", "active"]
    assert ["banned" in each["why"] for each in shown] == [False, True, False]


def test_a_role_that_was_held_is_not_explained_as_cancelled(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada")
    people.assign(engine, "user_ada", Role.MENTOR)
    moment = clock(engine)
    change(
        engine,
        "update user_roles set is_active = false, effective_end_date = effective_start_date, end_reason = 'Gone.'"
        " where role = 'MENTOR'",
    )

    was = admin.get(WHY, role="MENTOR", at=moment.isoformat()).json()
    known = admin.get(WHY, role="MENTOR", at=moment.isoformat(), as_of="now").json()

    assert was["held"]
    assert "Recorded later: role.revoked" in was["why"]
    assert not known["held"]
    assert "set back to its start" in known["why"]
    assert "cancelled" not in known["why"]
    assert "The guard decided differently at that time: held." in known["why"]
    assert known["revisions"] == was["revisions"]


def test_a_cancelled_assignment_hides_neither_the_next_one_nor_the_last_one(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada")
    ended = people.assign(engine, "user_ada", Role.MENTOR)
    people.revoke(engine, "user_ada", ended)
    cancelled = people.assign(engine, "user_ada", Role.MENTOR, start=NOW + HOUR)
    people.revoke(engine, "user_ada", cancelled)
    upcoming = people.assign(engine, "user_ada", Role.ADMIN, start=NOW + 2 * HOUR)
    other = people.assign(engine, "user_ada", Role.ADMIN, start=NOW + HOUR, end=NOW + 2 * HOUR)
    people.revoke(engine, "user_ada", other)

    last = admin.get(WHY, role="MENTOR", at=(NOW + 3 * HOUR).isoformat()).json()
    next_ = admin.get(WHY, role="ADMIN").json()

    assert (last["assignment"]["id"], next_["assignment"]["id"]) == (ended.id, upcoming.id)


def test_only_a_cancelled_assignment_is_called_cancelled(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada")
    people.revoke(engine, "user_ada", people.assign(engine, "user_ada", Role.MENTOR, start=NOW + HOUR))

    why = admin.get(WHY, role="MENTOR", at=(NOW + 2 * HOUR).isoformat()).json()

    assert why["why"] == "Not held: the assignment was cancelled before it started (For a test)."


def test_an_assignment_closed_before_its_end_was_held_until_then(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada")
    people.assign(engine, "user_ada", Role.MENTOR, end=NOW + HOUR)
    moment = clock(engine)
    change(engine, "update user_roles set is_active = false where role = 'MENTOR'")

    held = [admin.get(WHY, role="MENTOR", at=moment.isoformat(), as_of=by).json()["held"] for by in (moment, "now")]
    later = admin.get(WHY, role="MENTOR", at=(NOW + HOUR / 2).isoformat()).json()

    assert held == [True, True]
    assert not later["held"]
    assert "closed without an end" in later["why"]


def test_an_explanation_contains_the_assignment_the_line_and_the_admin(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada")
    given = admin.post(ROLES, role="MENTOR", reason="She leads the course.").json()

    why = admin.get("/api/admin/users/user_ada/explain", role="MENTOR").json()

    assert (why["held"], why["assignment"]["id"]) == (True, given["id"])
    assert why["why"] == "Held: user_admin assigned it (She leads the course)."
    assert [line["actor"] for line in why["audit"]] == ["user_admin"]


def test_a_start_in_the_past_is_refused(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada")

    answer = admin.post(ROLES, role="MENTOR", reason="She led the course.", start=(NOW - HOUR).isoformat())

    assert (answer.status_code, answer.json()["error"]) == (422, "start_too_early")
    assert admin.get(ROLES, at=(NOW - HOUR).isoformat(), as_of="now").json()["roles"] == ["LEARNER"]


def test_an_explanation_mentions_that_a_role_was_recorded_later(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada")
    given = people.held_since(engine, "user_ada", Role.MENTOR, NOW - 2 * HOUR)

    was = admin.get(WHY, role="MENTOR", at=(NOW - HOUR).isoformat()).json()
    known = admin.get(WHY, role="MENTOR", at=(NOW - HOUR).isoformat(), as_of="now").json()

    assert (was["held"], known["held"]) == (False, True)
    assert was["why"].startswith("Not held: the user was not known yet. Recorded later: role.assigned")
    assert f"recorded later, at {given.created_at.isoformat()}" in known["why"]


def test_an_explanation_mentions_why_the_last_assignment_ended(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada")
    given = admin.post(ROLES, role="MENTOR", reason="She leads the course.").json()
    admin.delete(f"{ROLES}/{given['id']}", reason="She left.")

    why = admin.get("/api/admin/users/user_ada/explain", role="MENTOR").json()

    assert not why["held"]
    assert why["why"].endswith("(She left).")
    assert [line["action"] for line in why["audit"]] == ["role.assigned", "role.revoked"]


def test_a_role_never_assigned_is_explained_too(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada")

    why = admin.get("/api/admin/users/user_ada/explain", role="ADMIN").json()

    assert (why["held"], why["assignment"], why["why"]) == (False, None, "ADMIN was never assigned to this user.")


def test_unknown_users_and_assignments_are_not_found(engine: Engine, admin: Person) -> None:
    paths = ["/api/admin/users/user_none", "/api/admin/users/user_none/roles"]

    answers = [admin.get(path) for path in paths]
    beyond = admin.delete(f"/api/admin/users/user_admin/roles/{10**30}", reason="None.")

    assert [answer.status_code for answer in [*answers, beyond]] == [404, 404, 404]
    assert {answer.json()["error"] for answer in answers} == {"user_unknown"}
