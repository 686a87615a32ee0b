"""With very many events, the queries of operators use indexes and read few pages."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine

from akako_guard.database.engine import connect
from db import event_reasons, event_search, event_stats
from db.event_filter import EventFilter, EventStatus
from db.event_search import EventEntry
from dev.embedded.servers import Servers
from tests.db.plans import Question, plan, scans
from tests.servers import copy_of

EVENTS = 60_000
FILLED = """
    insert into webhook_events
        (svix_id, type, clerk_user_id, occurred_at, body, svix_timestamp, svix_signature, verified_by, status,
         last_error, received_at, applied_at)
    select 'msg_' || n,
           case when n %% 5000 = 7 then 'session.created' when n %% 1000 = 9 then 'user.deleted'
                else 'user.updated' end,
           'user_' || n / 4, now(), convert_to(repeat('x', 1100), 'UTF8'), 0, 'v1,', '0a1b',
           status, case when status <> 'applied' then 'Why ' || n end, '2025-01-01Z'::timestamptz + n * interval '1s',
           case when status = 'applied' then now() end
    from (
        select n, case when n %% 5000 = 7 then 'ignored' when n %% 4000 = 1 then 'parked'
                       when n %% 9000 = 2 then 'received' else 'applied' end as status
        from (select number * 7919 %% 60000 from generate_series(1, %s) as number) as shuffled (n)
    ) as events
"""
USED = """
    insert into users (clerk_id, clerk_updated_at) select 'user_' || n, now() from generate_series(1, %s / 4) as n
"""
REPLAYED = """
    insert into audit_log (action, actor, reason, cause, after)
    select 'event.replayed', 'operator:years', 'Why.', 'req_' || n,
           jsonb_build_object('svix_ids', array(select 'msg_' || n + i * 100 from generate_series(0, 199) as i))
    from generate_series(1, %s / 600) as n
"""
MIDDLE = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=EVENTS // 2)
SOON_AFTER = MIDDLE + timedelta(seconds=100)
MOST_PAGES = 600
"""Of the ten thousand pages of the table."""
NAMED = tuple(f"msg_{number}" for number in range(0, EVENTS, 600))
NO_USER = EventEntry("msg_7", None, "user_1", None, MIDDLE, None, "ignored", 0, MIDDLE, None, None)


@pytest.fixture(scope="module")
def many_events(servers: Servers, template: str) -> Iterator[Engine]:
    """A database with very many events."""
    with copy_of(servers, template) as database:
        with psycopg.connect(database.superuser_url, autocommit=True) as connection:
            for statement in (FILLED, USED, REPLAYED):
                connection.execute(statement, (EVENTS,))
            connection.execute("vacuum analyze")
        pool = connect(database.app_url, "test")
        yield pool
        pool.dispose()


def page(before: str | None = None, **conditions: object) -> Question:
    return lambda connection: event_search.page(connection, EventFilter(**conditions), 51, before)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "question",
    [
        pytest.param(page(), id="the first page"),
        pytest.param(page("msg_30000"), id="a page in the middle"),
        pytest.param(page(status=EventStatus.APPLIED), id="a status that most have"),
        pytest.param(page(status=EventStatus.PARKED), id="parked"),
        pytest.param(page(status=EventStatus.DISCARDED), id="a status that none has"),
        pytest.param(page(status=EventStatus.RECEIVED), id="what waits"),
        pytest.param(page(user="user_777"), id="the events of a user"),
        pytest.param(page(user="user_none"), id="events without a user"),
        pytest.param(page(type="user.updated"), id="a type that most have"),
        pytest.param(page(type="session.created"), id="a type that few have"),
        pytest.param(page(type="user.none"), id="a type that none has"),
        pytest.param(page(error="why 4"), id="an error that some have"),
        pytest.param(page(error="none"), id="an error that none has"),
        pytest.param(page(error="why"), id="an error that all have"),
        pytest.param(page("msg_30007", error="why"), id="a page of errors in the middle"),
        pytest.param(page(error="4", status=EventStatus.PARKED), id="an error of some that are parked"),
        pytest.param(page(error_kind="Why *", status=EventStatus.PARKED), id="a kind of reason"),
        pytest.param(page(error_kind="None"), id="a kind of reason that none has"),
        pytest.param(page(since=MIDDLE, until=SOON_AFTER), id="a time"),
        pytest.param(page(svix_ids=NAMED), id="ids"),
        pytest.param(
            lambda c: event_search.ids(c, EventFilter(status=EventStatus.APPLIED), 200, "msg_30000"),
            id="a set to be replayed",
        ),
        pytest.param(lambda c: event_search.find(c, "msg_77"), id="one event"),
        pytest.param(lambda c: event_search.lines(c, NO_USER), id="the lines of an event"),
        pytest.param(lambda c: event_stats.read(c, []), id="why events are parked"),
    ],
)
def test_a_query_of_events_uses_an_index(many_events: Engine, question: Question) -> None:
    found = plan(many_events, question)

    assert scans(found) == set()
    assert found["Shared Hit Blocks"] + found["Shared Read Blocks"] < MOST_PAGES


def test_kinds_of_reasons_are_counted_through_their_index(many_events: Engine) -> None:
    found = plan(many_events, lambda connection: event_reasons.count(connection, "parked"))
    with many_events.begin() as connection:
        counted = event_reasons.count(connection, "parked")

    assert scans(found) == set()
    assert [(each.kind, each.events) for each in counted] == [("Why *", 15)]


@pytest.mark.parametrize("conditions", [{}, {"status": EventStatus.PARKED}, {"user": "user_7000"}])
def test_a_text_is_found_in_every_reason_that_contains_it(many_events: Engine, conditions: dict[str, Any]) -> None:
    query = """
        select svix_id from webhook_events where last_error like '%%1%%' and status like %s and clerk_user_id like %s
        order by received_at desc, svix_id desc
    """
    with many_events.begin() as connection:
        found = event_search.page(connection, EventFilter(error="1", **conditions), 100)
        expected = connection.exec_driver_sql(
            query, (conditions.get("status", "%"), conditions.get("user", "%"))
        ).scalars()
        assert [each.svix_id for each in found] == list(expected)


def test_many_events_are_not_counted_one_by_one(many_events: Engine) -> None:
    with many_events.begin() as connection:
        counts = {each.name: each for each in event_stats.read(connection, []).statuses}

    assert (counts["parked"].events, counts["parked"].exact) == (15, True)
    assert not counts["applied"].exact
    assert 50_000 < counts["applied"].events < 70_000
