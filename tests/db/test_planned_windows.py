"""Users that an import from Keycloak created get the planned windows in place of the default role, once."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg import errors
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from akako_guard.role import Role
from clerk.user import IMPORT_MARKER
from db import keycloak_imports, keycloak_plans
from keycloak.fate import Fate
from roles import explanation
from tests.clerk_sender import ADA, Clerk, Sent, event, user
from tests.db.test_grants import GIVE
from tests.keycloak.stored import LEARNER, LEFT, MENTOR, REGISTERED, creating, marker, plan, planned, undo
from tests.ledger import apply, as_owner, rows, values

KEY = "kc-ada"
GIVEN = "select role, effective_start_date, effective_end_date, is_active, assigned_by from user_roles order by role"
DEFAULT = "select role, assigned_by from user_roles"
STATE = "select state, clerk_id, given_run_id from keycloak_imports"
CALL = "select akako_give_planned(%s, %s, %s)"


def echo(clerk: Clerk, mark: str, key: str = KEY, clerk_id: str = ADA, **fields: Any) -> Sent:
    """The delivery of a user that an import created."""
    data = user(clerk_id, external_id=key, private_metadata={IMPORT_MARKER: mark}, email=None, **fields)
    return clerk.send(event("user.created", data))


def test_planned_windows_are_given_in_place_of_the_default_role(engine: Engine, clerk: Clerk) -> None:
    run = plan(engine, planned(KEY, LEARNER, MENTOR))
    creating(engine, run, KEY)
    apply(engine, clerk, echo(clerk, marker(engine, run)))
    assert rows(engine, GIVEN) == [
        ("LEARNER", REGISTERED, None, True, "imported: keycloak"),
        ("MENTOR", REGISTERED, LEFT, False, "imported: keycloak kc-head"),
    ]
    assert rows(engine, STATE) == [("applied", ADA, run.id)]


def test_the_trail_names_the_run_and_the_evidence(engine: Engine, clerk: Clerk) -> None:
    run = plan(engine, planned(KEY, LEARNER, MENTOR))
    creating(engine, run, KEY)
    sent = echo(clerk, marker(engine, run))
    apply(engine, clerk, sent)
    assert rows(engine, "select action, actor, cause, role, reason from audit_log order by id") == [
        ("user.created", "clerk", sent.svix_id, None, None),
        ("role.assigned", "clerk", sent.svix_id, "LEARNER",
         f"Plan {run.id} of the move from Keycloak: role pupil. The start is the registration."),
        ("role.assigned", "clerk", sent.svix_id, "MENTOR",
         f"Plan {run.id} of the move from Keycloak: group /House > role coach. An admin event proves the start."),
    ]  # fmt: skip


def test_what_was_so_stays_and_what_is_known_now_shows_path_and_evidence(engine: Engine, clerk: Clerk) -> None:
    run = plan(engine, planned(KEY, MENTOR))
    creating(engine, run, KEY)
    apply(engine, clerk, echo(clerk, marker(engine, run)))
    then = LEFT - timedelta(days=1)
    with engine.connect() as connection:
        now = connection.exec_driver_sql("select clock_timestamp()").scalar_one()
        was_so = explanation.explain(connection, ADA, Role.MENTOR, then)
        known_now = explanation.explain(connection, ADA, Role.MENTOR, then, now)
    assert (was_so.held, known_now.held) == (False, True)
    assert "group /House > role coach. An admin event" in str(known_now.audit[0].reason)


def test_a_user_without_a_planned_role_gets_none(engine: Engine, clerk: Clerk) -> None:
    run = plan(engine, planned(KEY))
    creating(engine, run, KEY)
    apply(engine, clerk, echo(clerk, marker(engine, run)))
    assert (rows(engine, GIVEN), rows(engine, STATE)) == ([], [("applied", ADA, run.id)])


def test_one_set_gives_each_user_its_own(engine: Engine, clerk: Clerk) -> None:
    run = plan(engine, planned(KEY, LEARNER), planned("kc-bob", MENTOR))
    creating(engine, run, KEY, "kc-bob")
    mark = marker(engine, run)
    apply(
        engine, clerk, echo(clerk, mark), echo(clerk, mark, "kc-bob", "user_bob"), echo(clerk, "unknown", "x", "user_c")
    )
    assert rows(engine, "select clerk_id, role from user_roles join users on users.id = user_id order by 1") == [
        (ADA, "LEARNER"),
        ("user_bob", "MENTOR"),
        ("user_c", "LEARNER"),
    ]


def test_windows_are_given_once(engine: Engine, clerk: Clerk) -> None:
    run = plan(engine, planned(KEY, MENTOR))
    creating(engine, run, KEY)
    mark = marker(engine, run)
    apply(engine, clerk, echo(clerk, mark), echo(clerk, mark))
    apply(engine, clerk, echo(clerk, mark, at=1_000))
    apply(engine, clerk, echo(clerk, mark, clerk_id="user_eve"))
    assert rows(engine, "select clerk_id, role from user_roles join users on users.id = user_id order by 1") == [
        (ADA, "MENTOR"),
        ("user_eve", "LEARNER"),
    ]


@pytest.mark.parametrize("key", [KEY, "kc-eve"])
@pytest.mark.parametrize("mark", ["that", "another", None])
@pytest.mark.parametrize("begun", [True, False])
def test_only_the_marker_and_the_id_of_an_import_that_has_begun_count(
    engine: Engine, clerk: Clerk, key: str, mark: str | None, begun: bool
) -> None:
    run, other = plan(engine, planned(KEY, MENTOR), begun=begun), plan(engine, planned(KEY, MENTOR), realm="other")
    creating(engine, run, KEY)
    marks = {"that": marker(engine, run), "another": marker(engine, other), None: ""}
    apply(engine, clerk, echo(clerk, marks[mark], key))
    expected = [("MENTOR",)] if (key, mark, begun) == (KEY, "that", True) else [("LEARNER",)]
    assert rows(engine, "select role from user_roles") == expected


def test_a_user_who_was_not_sent_to_clerk_gets_the_default_role(engine: Engine, clerk: Clerk) -> None:
    run = plan(engine, planned(KEY, MENTOR))
    apply(engine, clerk, echo(clerk, marker(engine, run)))
    assert rows(engine, DEFAULT) == [("LEARNER", "akako")]


def test_a_user_whose_creation_was_taken_for_refused_gets_the_planned_windows(engine: Engine, clerk: Clerk) -> None:
    run = plan(engine, planned(KEY, MENTOR))
    creating(engine, run, KEY)
    with engine.begin() as connection:
        [known] = keycloak_imports.users(connection, run, [KEY]).values()
        keycloak_imports.refused(connection, run, known, "for a test")
    apply(engine, clerk, echo(clerk, marker(engine, run)))
    assert rows(engine, DEFAULT) == [("MENTOR", "imported: keycloak kc-head")]
    assert rows(engine, "select state, reason from keycloak_imports") == [("applied", None)]


@pytest.mark.parametrize(
    ("begun", "fate", "role"), [(True, Fate.PLANNED, "LEARNER"), (False, Fate.PLANNED, "MENTOR"),
                                (True, Fate.SKIPPED, "MENTOR")]
)  # fmt: skip
def test_the_windows_are_those_of_the_latest_run_that_plans_the_user_and_has_begun(
    engine: Engine, clerk: Clerk, begun: bool, fate: Fate, role: str
) -> None:
    run = plan(engine, planned(KEY, MENTOR))
    creating(engine, run, KEY)
    plan(engine, planned(KEY, LEARNER, fate=fate), begun=begun)
    apply(engine, clerk, echo(clerk, marker(engine, run)))
    assert values(engine, "select role from user_roles") == [role]


def test_a_run_that_is_undone_gives_nothing(engine: Engine, clerk: Clerk) -> None:
    run = plan(engine, planned(KEY, MENTOR))
    creating(engine, run, KEY)
    undo(engine, run)
    apply(engine, clerk, echo(clerk, marker(engine, run)))
    assert rows(engine, DEFAULT) == [("LEARNER", "akako")]
    assert rows(engine, STATE) == [("creating", None, None)]


def test_the_windows_of_a_newer_run_that_is_undone_are_not_given(engine: Engine, clerk: Clerk) -> None:
    run = plan(engine, planned(KEY, MENTOR))
    creating(engine, run, KEY)
    undo(engine, plan(engine, planned(KEY, LEARNER)))
    apply(engine, clerk, echo(clerk, marker(engine, run)))
    assert rows(engine, DEFAULT) == [("MENTOR", "imported: keycloak kc-head")]


def test_the_application_cannot_make_an_import_give_windows_again(
    engine: Engine, clerk: Clerk, app: psycopg.Connection
) -> None:
    run, later = plan(engine, planned(KEY, MENTOR)), plan(engine, planned(KEY, MENTOR), realm="other")
    creating(engine, run, KEY)
    for change in ("state = 'applied'", f"run_id = {later.id}"):
        with pytest.raises(errors.CheckViolation, match="an import from Keycloak does not go"):
            app.execute(f"update keycloak_imports set {change}".encode())
    apply(engine, clerk, echo(clerk, marker(engine, run)))
    for change in ("state = 'creating'", "state = 'refused'", "clerk_id = 'user_eve'", f"run_id = {later.id}"):
        with pytest.raises(errors.CheckViolation, match="an import from Keycloak does not go"):
            app.execute(f"update keycloak_imports set {change}".encode())


def test_a_user_who_was_known_before_keeps_the_roles(engine: Engine, clerk: Clerk, app: psycopg.Connection) -> None:
    run = plan(engine, planned(KEY, MENTOR))
    creating(engine, run, KEY)
    apply(engine, clerk, clerk.send(event("user.created", user(email=None))))
    apply(engine, clerk, echo(clerk, marker(engine, run), at=1_000))
    app.execute(CALL, ([ADA], [KEY], [marker(engine, run)]))
    assert rows(engine, DEFAULT) == [("LEARNER", "akako")]
    assert values(engine, "select state from keycloak_imports") == ["creating"]


def test_the_application_gives_only_what_a_plan_has_and_cannot_change_the_plan(
    engine: Engine, app: psycopg.Connection, clerk: Clerk
) -> None:
    run = plan(engine, planned(KEY))
    creating(engine, run, KEY)
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute("update keycloak_runs set import_started_at = null")
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute("update keycloak_imports set given_run_id = 1")
    with pytest.raises(DBAPIError, match="the import of this plan has begun"), as_owner(engine) as connection:
        keycloak_plans.add(connection, run, [planned("kc-eve", MENTOR)])
    apply(engine, clerk, echo(clerk, marker(engine, run)))
    with pytest.raises(errors.CheckViolation, match="in the past"):
        app.execute(GIVE.format("(select id from users)", "ADMIN", "'2020-01-01'", "null", "x").encode())


def test_a_new_user_without_a_marker_is_not_looked_up(engine: Engine, clerk: Clerk) -> None:
    with psycopg.connect(_owner(engine), autocommit=True) as connection:
        connection.execute("drop function akako.akako_give_planned")
    apply(engine, clerk, clerk.send(event("user.created", user(email=None, external_id=KEY))))
    assert rows(engine, DEFAULT) == [("LEARNER", "akako")]


def _owner(engine: Engine) -> str:
    with engine.connect() as connection:
        dsn = connection.connection.driver_connection.info.dsn  # type: ignore[union-attr]
    return str(psycopg.conninfo.make_conninfo(dsn, user="akako_owner"))
