"""Admins see whether the sync is healthy, and how many deliveries were accepted and applied."""

from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import Engine

from api.activity_cache import ActivityCache, Span
from db import activity
from tests.api.asking import Person
from tests.ledger import as_owner


def test_the_first_fault_is_named_with_what_to_do(admin: Person) -> None:
    found = admin.get("/api/admin/health").json()
    assert (found["healthy"], found["due"], found["parked"], found["last_delivery_seconds"]) == (False, 0, 0, None)
    assert found["summary"].startswith("Broker: ")
    assert [part["part"] for part in found["parts"]][:3] == ["database", "migrations", "broker"]
    worker = next(part for part in found["parts"] if part["part"] == "worker")
    assert (worker["healthy"], worker["description"], worker["moved_seconds_ago"]) == (False, "never seen", None)


def deliver(engine: Engine, svix_id: str, age: str, status: str, lag: str | None) -> None:
    """A stored delivery of that age; with a lag, it is applied."""
    with as_owner(engine) as connection:
        connection.exec_driver_sql(
            """
            insert into webhook_events (svix_id, type, received_at, applied_at, status, svix_timestamp, svix_signature,
                                        verified_by, body)
            values (%s, 'user.updated', now() - %s::interval, now() - %s::interval + %s::interval, %s, 1, 'v1,x',
                    '0123456789ab', '{}')
            """,
            (svix_id, age, age, lag, status),
        )


def test_activity_counts_by_receipt_and_keeps_closed_intervals(engine: Engine, admin: Person) -> None:
    deliver(engine, "msg_1", "30 min", "applied", "2 s")
    deliver(engine, "msg_2", "30 min", "applied", "4 s")
    deliver(engine, "msg_3", "0 min", "received", None)

    found = admin.get("/api/admin/activity", span="hour").json()
    day = admin.get("/api/admin/activity", span="day").json()

    assert (len(found["intervals"]), found["seconds"], len(day["intervals"]), day["seconds"]) == (61, 60, 97, 900)
    busy = [each for each in found["intervals"] if each["accepted"]]
    assert [(each["accepted"], each["applied"], each["pending"]) for each in busy] == [(2, 2, 0), (1, 0, 1)]
    assert (busy[0]["lag_median"], busy[1]["lag_median"]) == (3.0, None)
    starts = [datetime.fromisoformat(each["start"]) for each in found["intervals"]]
    assert {later - earlier for earlier, later in pairwise(starts)} == {timedelta(minutes=1)}


def test_only_open_intervals_are_counted_again(engine: Engine) -> None:
    deliver(engine, "msg_1", "30 min", "applied", "2 s")
    cache = ActivityCache()
    with engine.begin() as connection:
        at, first = cache.read(connection, Span.HOUR)
        deliver(engine, "msg_late", "30 min", "applied", "2 s")
        _, second = cache.read(connection, Span.HOUR)
        direct = activity.intervals(connection, at - timedelta(hours=1), at, 60)
    assert sum(each.accepted for each in first) == sum(each.accepted for each in second) == 1
    assert sum(each.accepted for each in direct) == 2
