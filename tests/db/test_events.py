import dataclasses
import random
from typing import Any

import psycopg
import pytest
from psycopg import errors
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from db import audit, event_actions, events
from db.events import NewEvent
from tests.clerk_sender import Clerk, deletion
from tests.ledger import opened, rows, values
from tests.meanwhile import at_once, holding

TEMPLATE = opened(CLERK := Clerk(), CLERK.send(deletion()))


def new_event(svix_id: str, **fields: Any) -> NewEvent:
    """A delivery to store."""
    return dataclasses.replace(TEMPLATE, svix_id=svix_id, **fields)


def store(engine: Engine, *svix_ids: str, **fields: Any) -> None:
    """Store deliveries that differ only in their ids."""
    with engine.begin() as connection:
        events.store(connection, [new_event(svix_id, **fields) for svix_id in svix_ids])


def discard(engine: Engine, svix_id: str) -> None:
    """Discard an event, as an operator does."""
    with engine.begin() as connection:
        audit.set_actor(connection, "operator:grace", reason="Why.")
        event_actions.discard(connection, [svix_id])


def claim(engine: Engine, *svix_ids: str) -> list[str]:
    """Claim events and release them again; returns the claimed ids."""
    with engine.begin() as connection:
        return sorted(claimed.svix_id for claimed in events.claim(connection, svix_ids))


def due(engine: Engine, most: int = 100) -> list[str]:
    """The events that the sweep would enqueue."""
    with engine.connect() as connection:
        return events.due(connection, most)


def age(engine: Engine, interval: str, *svix_ids: str) -> None:
    """Move the due time of events into the past."""
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "update webhook_events set next_attempt_at = now() - %s::interval where svix_id = any(%s)",
            (interval, list(svix_ids)),
        )


def pending_entries_read(engine: Engine) -> int:
    """How many entries of the index of pending events were read."""
    values(engine, "select pg_stat_force_next_flush()")
    (read,) = values(
        engine, "select idx_tup_read from pg_stat_user_indexes where indexrelname = 'webhook_events_due_idx'"
    )
    return int(read)


def test_a_delivery_is_stored_byte_for_byte(engine: Engine) -> None:
    body = b'{"type":"user.updated","data":{"first_name":"A\\u0000\\ud800"}} \n'
    store(engine, "msg_1", body=body, svix_timestamp=1_764_000_000, svix_signature="v1,x v1,y", verified_by="0a1b")
    (row,) = rows(engine, "select body, svix_timestamp, svix_signature, verified_by, status from webhook_events")
    assert row == (body, 1_764_000_000, "v1,x v1,y", "0a1b", "received")


def test_storing_returns_which_deliveries_are_new(engine: Engine) -> None:
    with engine.begin() as connection:
        assert events.store(connection, [new_event("msg_1"), new_event("msg_2")]) == {"msg_1", "msg_2"}
        assert events.store(connection, [new_event("msg_2"), new_event("msg_3")]) == {"msg_3"}


def test_a_duplicate_changes_nothing_that_is_stored(engine: Engine) -> None:
    store(engine, "msg_1", body=b"first")
    store(engine, "msg_1", body=b"second", svix_signature="v1,other")
    assert values(engine, "select body from webhook_events") == [b"first"]


def test_the_same_delivery_twice_in_one_set_is_stored_once(engine: Engine) -> None:
    with engine.begin() as connection:
        assert events.store(connection, [new_event("msg_1"), new_event("msg_1")]) == {"msg_1"}


def test_receivers_that_store_the_same_ids_concurrently_in_any_order_never_deadlock(engine: Engine) -> None:
    deliveries = [new_event(f"msg_{number}") for number in range(2_000)]
    shuffled = [random.sample(deliveries, len(deliveries)) for _ in range(4)]

    def store_all(number: int) -> set[str]:
        with engine.begin() as connection:
            return events.store(connection, shuffled[number])

    added = at_once(*(lambda number=number: store_all(number) for number in range(4)))
    assert sum(map(len, added)) == len(deliveries)
    assert set().union(*added) == {delivery.svix_id for delivery in deliveries}


def test_a_set_is_stored_completely_or_not_at_all(engine: Engine) -> None:
    with pytest.raises(IntegrityError), engine.begin() as connection:
        events.store(connection, [new_event("msg_1"), new_event("msg_2", status="invented")])
    assert values(engine, "select svix_id from webhook_events") == []


def test_only_pending_events_are_claimed(engine: Engine) -> None:
    for status in ("ignored", "parked", "received"):
        store(engine, f"msg_{status}", status=status)
    store(engine, "msg_applied", "msg_discarded")
    discard(engine, "msg_discarded")
    with engine.begin() as connection:
        events.mark_applied(connection, ["msg_applied"])
    everything = [f"msg_{status}" for status in ("ignored", "parked", "discarded", "received", "applied", "unknown")]
    assert claim(engine, *everything) == ["msg_received"]


def test_claiming_skips_rows_locked_by_another_transaction(engine: Engine) -> None:
    store(engine, "msg_1", "msg_2")
    with holding(engine, "select from webhook_events where svix_id = 'msg_1' for no key update"):
        assert claim(engine, "msg_1", "msg_2") == ["msg_2"]
    assert claim(engine, "msg_1", "msg_2") == ["msg_1", "msg_2"]


def test_claiming_a_few_events_does_not_scan_all_pending_ones(engine: Engine, superuser: psycopg.Connection) -> None:
    store(engine, *(f"old_{number}" for number in range(2_000)), status="ignored")
    superuser.execute("vacuum analyze webhook_events")  # the statistics now show no pending events
    store(engine, *(f"new_{number}" for number in range(500)))
    assert len(claim(engine, *(f"new_{number}" for number in range(200)))) == 200
    assert pending_entries_read(engine) == 0


def test_a_new_event_can_be_claimed_before_the_sweep_would_enqueue_it(engine: Engine) -> None:
    store(engine, "msg_1")
    assert due(engine) == []
    assert claim(engine, "msg_1") == ["msg_1"]


def test_a_failed_event_is_claimed_only_when_it_is_due(engine: Engine) -> None:
    store(engine, "msg_1")
    with engine.begin() as connection:
        events.postpone(connection, "msg_1", 600, "why")
    assert (claim(engine, "msg_1"), due(engine)) == ([], [])
    age(engine, "1 second", "msg_1")
    assert (claim(engine, "msg_1"), due(engine)) == (["msg_1"], ["msg_1"])


def test_postponing_counts_the_attempt_and_stores_the_reason(engine: Engine) -> None:
    store(engine, "msg_1")
    with engine.begin() as connection:
        events.postpone(connection, "msg_1", 600, "why")
    (row,) = rows(
        engine,
        "select attempts, last_error, next_attempt_at between now() + interval '590s' and now() + "
        "interval '600s' from webhook_events",
    )
    assert row == (1, "why", True)


def test_an_event_without_a_time_counts_as_of_its_receipt(engine: Engine) -> None:
    store(engine, "msg_1", occurred_at=None)
    with engine.begin() as connection:
        (claimed,) = events.claim(connection, ["msg_1"])
    assert [claimed.occurred_at] == values(engine, "select received_at from webhook_events")


def test_an_applied_event_can_neither_be_parked_nor_postponed(engine: Engine) -> None:
    store(engine, "msg_1")
    with engine.begin() as connection:
        events.mark_applied(connection, ["msg_1"])
        events.mark(connection, "msg_1", "parked", "too late")
        events.postpone(connection, "msg_1", 5, "too late")
    (row,) = rows(engine, "select status, attempts, last_error from webhook_events")
    assert row == ("applied", 0, None)


def test_due_events_are_listed_by_due_time_up_to_the_limit(engine: Engine) -> None:
    store(engine, "msg_1", "msg_2", "msg_3", "msg_4")
    for minutes, svix_id in enumerate(("msg_3", "msg_1", "msg_2"), start=1):
        age(engine, f"{minutes} minutes", svix_id)
    assert due(engine, 2) == ["msg_2", "msg_1"]


@pytest.mark.parametrize("text", ["A\0da", "\ud800"])
def test_postgresql_rejects_text_that_it_cannot_store(engine: Engine, text: str) -> None:
    with pytest.raises((DBAPIError, UnicodeError, errors.DataError)):
        store(engine, "msg_1", type=text)
