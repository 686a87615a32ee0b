"""Admins import roles from the text of a file through the API: all lines, or none."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from akako_guard.role import Role
from tests import people
from tests.api.asking import Person, SignIn
from tests.ledger import values

PATH = "/api/admin/roles/import"
HELD = "select role from user_roles join users on users.id = user_id where clerk_id = 'user_ada' order by role"


def test_a_file_is_previewed_then_added_and_a_refused_line_undoes_all(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada")
    file = "who,role,until,why\nuser_ada,MENTOR,2099-01-01T00:00:00Z,Course 12\n"

    preview = admin.post(PATH, content=file, reason="Moved", dry_run=True).json()
    refused = admin.post(PATH, content=f"{file}user_none,MENTOR,,\n", reason="Moved").json()
    before = values(engine, HELD)
    added = admin.post(PATH, content=file, reason="Moved").json()
    again = admin.post(PATH, content=file, reason="Moved").json()

    assert (preview["written"], preview["added"], preview["lines"][0]["outcome"]) == (False, 1, "added")
    assert (refused["written"], refused["refused"], before) == (False, 1, ["LEARNER"])
    assert "no user has this value" in refused["lines"][1]["why"]
    assert (added["written"], added["added"]) == (True, 1)
    assert (again["written"], again["present"], values(engine, HELD)) == (True, 1, ["LEARNER", "MENTOR"])
    trail = "select actor || ' ' || reason from audit_log where starts_with(cause, 'import_')"
    assert values(engine, trail) == ["user_admin Course 12"]


def test_past_decisions_of_the_guard_stay_as_they_were(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada")
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    found = admin.post(PATH, content=f"who,role,from\nuser_ada,MENTOR,{yesterday}\n", reason="Moved").json()
    assert (found["written"], found["refused"]) == (False, 1)
    assert "in the past" in found["lines"][0]["why"]


def test_a_file_without_a_header_is_refused_as_a_whole(admin: Person) -> None:
    response = admin.post(PATH, content="user_ada,MENTOR\n", reason="Moved")
    assert (response.status_code, response.json()["error"]) == (422, "invalid")
    assert "the first line has to name the columns" in response.json()["message"]


def test_a_mentor_imports_no_roles(engine: Engine, admin: Person, sign_in: SignIn) -> None:
    people.add(engine, "user_mentor", Role.MENTOR)
    response = sign_in("user_mentor").post(PATH, content="who,role\nuser_mentor,ADMIN\n", reason="Me")
    assert response.status_code == 403
