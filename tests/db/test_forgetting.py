import hashlib

import psycopg
import pytest
from psycopg import errors
from sqlalchemy import Engine

from db import events
from tests.db.plans import plan, scans
from tests.db.test_events import claim, discard, due, new_event, store
from tests.ledger import rows, values
from tests.meanwhile import at_once, holding

BODY = b'{"type":"user.updated","data":{"first_name":"A\\u0000\\ud800"}} \n'
MANY = """
    insert into webhook_events (svix_id, body, svix_timestamp, svix_signature, verified_by, status, received_at)
    select 'msg_' || n, body, 0, '', '', 'ignored', now() - n * interval '1 minute'
    from webhook_events, generate_series(1, 150000) n
"""
OF_EVERY_STATUS = "select status, body is null from webhook_events order by status"


def erase(engine: Engine, days: int = 90, most: int = 100) -> int:
    """Run one batch of the scheduled erasure."""
    with engine.begin() as connection:
        return events.erase_bodies(connection, days, most)


@pytest.fixture
def old(engine: Engine, owner: psycopg.Connection) -> Engine:
    """One event of every status, received a hundred days ago."""
    for status in ("ignored", "parked"):
        store(engine, f"msg_{status}", body=BODY, status=status)
    store(engine, "msg_received", "msg_applied", "msg_discarded", body=BODY)
    discard(engine, "msg_discarded")
    with engine.begin() as connection:
        events.mark_applied(connection, ["msg_applied"])
    owner.execute("update webhook_events set received_at = now() - interval '100 days'")
    return engine


def test_only_applied_and_ignored_events_lose_their_bodies(old: Engine) -> None:
    assert erase(old) == 2
    assert rows(old, OF_EVERY_STATUS) == [
        ("applied", True),
        ("discarded", False),
        ("ignored", True),
        ("parked", False),
        ("received", False),
    ]


def test_newer_events_keep_their_bodies(old: Engine) -> None:
    assert erase(old, days=101) == 0
    assert erase(old, days=100) == 2


def test_erasing_replaces_the_body_by_its_digest_and_keeps_all_other_columns(old: Engine) -> None:
    others = "select to_jsonb(webhook_events) - '{body,digest}'::text[] from webhook_events order by svix_id"
    before = values(old, others)
    erase(old)
    assert values(old, others) == before
    assert values(old, "select distinct digest from webhook_events where body is null") == [
        hashlib.sha256(BODY).digest()
    ]


def test_a_delivery_with_an_erased_body_that_arrives_again_is_a_duplicate(old: Engine) -> None:
    erase(old)
    with old.begin() as connection:
        assert events.store(connection, [new_event("msg_applied", body=BODY)]) == set()
    assert values(old, "select body from webhook_events where svix_id = 'msg_applied'") == [None]


def test_pending_events_keep_their_bodies_whatever_their_age(old: Engine) -> None:
    erase(old)
    assert (claim(old, "msg_received", "msg_applied"), due(old)) == (["msg_received"], [])
    with old.connect() as connection:
        assert events.contents(connection, ["msg_received"])["msg_received"].body == BODY


def test_the_oldest_bodies_are_erased_first_up_to_the_limit(engine: Engine, owner: psycopg.Connection) -> None:
    store(engine, *(f"msg_{number}" for number in range(9)), status="ignored")
    owner.execute(
        "update webhook_events set received_at = now() - (100 + right(svix_id, 1)::integer) * interval '1 day'"
    )
    assert erase(engine, most=3) == 3
    forgotten = values(engine, "select svix_id from webhook_events where body is null order by svix_id")
    assert forgotten == ["msg_6", "msg_7", "msg_8"]


def test_the_next_batch_is_found_through_its_index_however_many_events_are_stored(
    engine: Engine, superuser: psycopg.Connection
) -> None:
    store(engine, "msg_like", status="ignored")
    superuser.execute(MANY)
    superuser.execute("vacuum analyze webhook_events")
    found = plan(engine, lambda connection: events.erase_bodies(connection, 90, 100))
    assert scans(found) == set()
    assert found["Plans"][0]["Plans"][0]["Plans"][0]["Index Name"] == "webhook_events_bodies_idx"


def test_concurrent_runs_erase_each_body_once_and_skip_locked_rows(engine: Engine, owner: psycopg.Connection) -> None:
    store(engine, *(f"msg_{number:03}" for number in range(200)), status="ignored")
    owner.execute("update webhook_events set received_at = now() - interval '100 days'")
    with holding(engine, "select from webhook_events order by svix_id limit 20 for no key update"):
        counts = at_once(*[lambda: sum(erase(engine, most=30) for _ in range(10))] * 3)
    assert sum(counts) == 180
    assert erase(engine) == 20


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("update webhook_events set body = 'other' where svix_id = 'msg_applied'", id="another body"),
        pytest.param("update webhook_events set body = 'other' where body is null", id="a body again"),
        pytest.param("update webhook_events set body = null where svix_id = 'msg_parked'", id="of what is parked"),
        pytest.param("update webhook_events set body = null where svix_id = 'msg_received'", id="of what waits"),
        pytest.param("update webhook_events set digest = '' where svix_id = 'msg_applied'", id="another digest"),
        pytest.param(
            "update webhook_events set status = 'received', applied_at = null where body is null", id="to apply nothing"
        ),
    ],
)
@pytest.mark.parametrize("who", ["app", "owner"])
def test_the_database_refuses_any_other_change_of_what_was_signed(
    old: Engine, who: str, statement: str, request: pytest.FixtureRequest
) -> None:
    with old.begin() as connection:
        connection.exec_driver_sql("update webhook_events set body = null where svix_id = 'msg_ignored'")
    connection = request.getfixturevalue(who)
    with pytest.raises((errors.InsufficientPrivilege, errors.CheckViolation)):
        connection.execute(statement)


def test_the_body_of_an_event_received_today_cannot_be_erased_by_any_role(
    engine: Engine, app: psycopg.Connection
) -> None:
    store(engine, "msg_today", body=BODY, status="ignored")
    with pytest.raises(errors.InsufficientPrivilege, match="never changed"):
        app.execute("update webhook_events set body = null")


def test_an_erased_body_leaves_its_digest_even_in_replication_mode(old: Engine, superuser: psycopg.Connection) -> None:
    superuser.execute("set session_replication_role = replica")
    superuser.execute("update webhook_events set body = null where svix_id = 'msg_applied'")
    assert values(old, "select digest is not null from webhook_events where body is null") == [True]
