"""A refusal is recorded once per user and hour, and the function for it writes no other lines."""

import psycopg
import pytest
from psycopg import errors

from tests.db.people import actions, rows
from tests.meanwhile import at_once
from tests.servers import Database

LINES = "select clerk_user_id, actor, cause, after from audit_log where action = 'access.refused' order by id"
NOTE = "select akako_note_refused('user_eve', '{ADMIN}', 'assign')"
PEOPLE = """
    insert into users (clerk_id, clerk_updated_at, banned)
    values ('user_eve', now(), false), ('user_admin', now(), false), ('user_banned', now(), true);
    insert into user_roles (user_id, role, effective_start_date, effective_end_date, assigned_by, is_active)
    select id, 'ADMIN', now() - interval '1 hour', null, 'operator:tests', true
    from users where clerk_id in ('user_admin', 'user_banned');
"""


@pytest.fixture(autouse=True)
def known(app: psycopg.Connection, owner: psycopg.Connection) -> None:
    owner.execute(PEOPLE)
    app.execute("select set_config('akako.actor', 'user_eve', false), set_config('akako.cause', 'req_1', false)")


def test_a_refusal_is_recorded_once_per_hour(app: psycopg.Connection, superuser: psycopg.Connection) -> None:
    app.execute(NOTE)
    app.execute(NOTE)
    told = {"operation": "assign", "requires": ["ADMIN"], "banned": False}
    assert rows(app, LINES) == [("user_eve", "user_eve", "req_1", told)]

    with superuser.transaction():
        superuser.execute("alter table audit_log disable trigger only_added_to")
        superuser.execute("update audit_log set at = at - interval '1 hour' where action = 'access.refused'")
    app.execute(NOTE)
    assert len(rows(app, LINES)) == 2


def test_concurrent_refusals_are_recorded_once(database: Database, app: psycopg.Connection) -> None:
    def note() -> None:
        with psycopg.connect(database.app_url) as connection:
            connection.execute("select set_config('akako.actor', 'user_eve', true)")
            connection.execute(NOTE)

    at_once(*[note] * 8)

    assert len(rows(app, LINES)) == 1


def test_the_refusal_of_a_banned_user_is_recorded_whatever_the_roles(app: psycopg.Connection) -> None:
    app.execute("select akako_note_refused('user_banned', '{ADMIN}', 'assign')")
    assert rows(app, f"select after -> 'banned' from ({LINES}) as lines") == [(True,)]


@pytest.mark.parametrize(
    "change",
    [
        "update user_roles set effective_end_date = now()",
        "update user_roles set effective_end_date = now(), is_active = false",
    ],
)
def test_a_refusal_is_recorded_only_if_the_user_lacks_the_role_now(app: psycopg.Connection, change: str) -> None:
    note = "select akako_note_refused('user_admin', '{ADMIN}', 'assign')"
    app.execute(note)
    assert rows(app, LINES) == []
    app.execute(change)
    app.execute(note)
    assert len(rows(app, LINES)) == 1


@pytest.mark.parametrize("who", ["user_none", None])
def test_nothing_is_recorded_about_an_unknown_user(app: psycopg.Connection, who: str | None) -> None:
    app.execute("select akako_note_refused(%s, '{ADMIN}', 'assign')", [who])
    assert rows(app, LINES) == []


def test_nothing_is_recorded_if_no_role_is_required(app: psycopg.Connection) -> None:
    app.execute("select akako_note_refused('user_eve', '{}', 'assign')")
    assert rows(app, LINES) == []


@pytest.mark.parametrize(
    ("needed", "operation"),
    [
        ("{OWNER}", "assign"),
        ("{ADMIN,OWNER}", "assign"),
        ("{ADMIN}", "any words"),
        ("{ADMIN}", ""),
        ("{ADMIN}", None),
        (None, "assign"),
    ],
)
def test_the_application_cannot_choose_the_content_of_a_refusal(
    app: psycopg.Connection, needed: str | None, operation: str | None
) -> None:
    with pytest.raises(errors.CheckViolation):
        app.execute("select akako_note_refused('user_eve', %s::text[], %s)", [needed, operation])
    assert "access.refused" not in actions(app)


def test_a_refusal_is_not_recorded_without_an_actor(app: psycopg.Connection) -> None:
    app.execute("select set_config('akako.actor', '', false)")
    with pytest.raises(errors.CheckViolation, match="who was refused"):
        app.execute(NOTE)


def test_other_roles_cannot_record_refusals(superuser: psycopg.Connection) -> None:
    rights = "select grantee::regrole::text from pg_proc, aclexplode(proacl) where proname = 'akako_note_refused'"
    assert set(rows(superuser, rights)) == {("akako_app",), ("akako_owner",)}
