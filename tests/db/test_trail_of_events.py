"""Actions on events are recorded in the audit trail, and the function for it writes no other lines."""

import psycopg
import pytest
from psycopg import errors

from tests.db.people import actions, rows

KEPT = """
    insert into webhook_events (svix_id, clerk_user_id, body, svix_timestamp, svix_signature, verified_by, status)
    values ('msg_1', 'user_ada', '', 0, '', '', 'received'), ('msg_2', null, '', 0, '', '', 'parked')
"""
AS_GRACE = """
    select set_config('akako.actor', 'operator:grace', false), set_config('akako.reason', 'A fix.', false),
           set_config('akako.cause', 'req_1', false)
"""
LINES = "select action, actor, reason, cause, clerk_user_id, before, after from audit_log order by id"


@pytest.fixture(autouse=True)
def kept(app: psycopg.Connection) -> None:
    app.execute(KEPT)


def test_a_discard_writes_a_line(app: psycopg.Connection) -> None:
    app.execute(AS_GRACE)
    app.execute("update webhook_events set status = 'discarded' where svix_id = 'msg_1'")
    before, after = {"status": "received"}, {"status": "discarded"}
    assert rows(app, LINES) == [("event.discarded", "operator:grace", "A fix.", "msg_1", "user_ada", before, after)]


@pytest.mark.parametrize("status", ["received", "ignored"])
def test_a_change_of_status_by_an_operator_writes_a_line(app: psycopg.Connection, status: str) -> None:
    app.execute(AS_GRACE)
    app.execute("update webhook_events set status = %s where svix_id = 'msg_2'", [status])
    assert actions(app) == ["event.replayed"]


@pytest.mark.parametrize("who", ["app", "owner", "superuser"])
@pytest.mark.parametrize("status", ["discarded", "received"])
def test_no_role_can_do_so_without_a_reason(request: pytest.FixtureRequest, who: str, status: str) -> None:
    connection: psycopg.Connection = request.getfixturevalue(who)
    with pytest.raises(errors.CheckViolation, match="without a reason"):
        connection.execute("update webhook_events set status = %s where svix_id = 'msg_2'", [status])
    assert actions(connection) == []


def test_status_changes_by_the_worker_write_no_line_and_need_no_reason(app: psycopg.Connection) -> None:
    app.execute("update webhook_events set status = 'applied' where svix_id = 'msg_1'")
    assert actions(app) == []


def test_one_event_that_was_replayed_or_revealed_is_named_as_the_cause(app: psycopg.Connection) -> None:
    app.execute(AS_GRACE)
    app.execute("select akako_note_events('revealed', '{msg_1}')")
    assert rows(app, LINES) == [("event.revealed", "operator:grace", "A fix.", "msg_1", "user_ada", None, {})]


def test_several_events_are_listed_in_one_line_without_unknown_ones(app: psycopg.Connection) -> None:
    app.execute(AS_GRACE)
    app.execute("select akako_note_events('replayed', '{msg_2,msg_none,msg_1}')")
    named = {"svix_ids": ["msg_1", "msg_2"]}
    assert rows(app, LINES) == [("event.replayed", "operator:grace", "A fix.", "req_1", None, None, named)]


@pytest.mark.parametrize("what", ["discarded", "created", None])
def test_the_function_writes_no_other_lines(app: psycopg.Connection, what: str | None) -> None:
    app.execute(AS_GRACE)
    with pytest.raises(errors.CheckViolation):
        app.execute("select akako_note_events(%s, '{msg_1}')", [what])
    app.execute("select akako_note_events('replayed', '{msg_none}')")
    app.execute("select akako_note_events('replayed', null)")
    assert actions(app) == []


@pytest.mark.parametrize("missing", ["akako.actor", "akako.reason"])
def test_the_function_requires_an_actor_and_a_reason(app: psycopg.Connection, missing: str) -> None:
    app.execute(AS_GRACE)
    app.execute("select set_config(%s, '', false)", [missing])
    with pytest.raises(errors.CheckViolation, match="who does it, and why"):
        app.execute("select akako_note_events('replayed', '{msg_1}')")


def test_other_roles_cannot_call_the_function(superuser: psycopg.Connection) -> None:
    rights = "select grantee::regrole::text from pg_proc, aclexplode(proacl) where proname = 'akako_note_events'"
    assert set(rows(superuser, rights)) == {("akako_app",), ("akako_owner",)}
