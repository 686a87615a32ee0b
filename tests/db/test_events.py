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
from tests.clerk_says import Clerk, deletion
from tests.ledger import opened, rows, values
from tests.meanwhile import at_once, holding

TEMPLATE = opened(CLERK := Clerk(), CLERK.send(deletion()))


def kept(svix_id: str, **said: Any) -> NewEvent:
    """A delivery ready to be kept."""
    return dataclasses.replace(TEMPLATE, svix_id=svix_id, **said)


def keep(engine: Engine, *svix_ids: str, **said: Any) -> None:
    """Keep deliveries that differ in their ids only."""
    with engine.begin() as connection:
        events.store(connection, [kept(svix_id, **said) for svix_id in svix_ids])


def discard(engine: Engine, svix_id: str) -> None:
    """Put a kept event away, as an operator does."""
    with engine.begin() as connection:
        audit.set_actor(connection, "operator:grace", reason="Why.")
        event_actions.discard(connection, [svix_id])


def claim(engine: Engine, *svix_ids: str) -> list[str]:
    """Claim and let go again; what could be claimed."""
    with engine.begin() as connection:
        return sorted(claimed.svix_id for claimed in events.claim(connection, svix_ids))


def due(engine: Engine, most: int = 100) -> list[str]:
    """What the sweep would nudge."""
    with engine.connect() as connection:
        return events.due(connection, most)


def age(engine: Engine, interval: str, *svix_ids: str) -> None:
    """Let events be due so long ago."""
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "update webhook_events set next_attempt_at = now() - %s::interval where svix_id = any(%s)",
            (interval, list(svix_ids)),
        )


def read_of_all_that_wait(engine: Engine) -> int:
    """How many entries were read of the index of events that wait."""
    values(engine, "select pg_stat_force_next_flush()")
    (read,) = values(
        engine, "select idx_tup_read from pg_stat_user_indexes where indexrelname = 'webhook_events_due_idx'"
    )
    return int(read)


def test_a_delivery_is_kept_as_it_came_byte_by_byte(engine: Engine) -> None:
    body = b'{"type":"user.updated","data":{"first_name":"A\\u0000\\ud800"}} \n'
    keep(engine, "msg_1", body=body, svix_timestamp=1_764_000_000, svix_signature="v1,x v1,y", verified_by="0a1b")
    (row,) = rows(engine, "select body, svix_timestamp, svix_signature, verified_by, status from webhook_events")
    assert row == (body, 1_764_000_000, "v1,x v1,y", "0a1b", "received")


def test_keeping_says_which_deliveries_are_new(engine: Engine) -> None:
    with engine.begin() as connection:
        assert events.store(connection, [kept("msg_1"), kept("msg_2")]) == {"msg_1", "msg_2"}
        assert events.store(connection, [kept("msg_2"), kept("msg_3")]) == {"msg_3"}


def test_a_duplicate_changes_nothing_of_what_is_kept(engine: Engine) -> None:
    keep(engine, "msg_1", body=b"first")
    keep(engine, "msg_1", body=b"second", svix_signature="v1,other")
    assert values(engine, "select body from webhook_events") == [b"first"]


def test_the_same_delivery_twice_in_one_set_is_kept_once(engine: Engine) -> None:
    with engine.begin() as connection:
        assert events.store(connection, [kept("msg_1"), kept("msg_1")]) == {"msg_1"}


def test_two_receivers_that_keep_the_same_ids_at_once_in_any_order_never_deadlock(engine: Engine) -> None:
    deliveries = [kept(f"msg_{number}") for number in range(2_000)]
    shuffled = [random.sample(deliveries, len(deliveries)) for _ in range(4)]

    def keep_all(number: int) -> set[str]:
        with engine.begin() as connection:
            return events.store(connection, shuffled[number])

    added = at_once(*(lambda number=number: keep_all(number) for number in range(4)))
    assert sum(map(len, added)) == len(deliveries)
    assert set().union(*added) == {delivery.svix_id for delivery in deliveries}


def test_a_set_is_kept_whole_or_not_at_all(engine: Engine) -> None:
    with pytest.raises(IntegrityError), engine.begin() as connection:
        events.store(connection, [kept("msg_1"), kept("msg_2", status="invented")])
    assert values(engine, "select svix_id from webhook_events") == []


def test_only_what_waits_is_claimed(engine: Engine) -> None:
    for status in ("ignored", "parked", "received"):
        keep(engine, f"msg_{status}", status=status)
    keep(engine, "msg_applied", "msg_discarded")
    discard(engine, "msg_discarded")
    with engine.begin() as connection:
        events.mark_applied(connection, ["msg_applied"])
    everything = [f"msg_{status}" for status in ("ignored", "parked", "discarded", "received", "applied", "unknown")]
    assert claim(engine, *everything) == ["msg_received"]


def test_what_another_transaction_holds_is_not_waited_for(engine: Engine) -> None:
    keep(engine, "msg_1", "msg_2")
    with holding(engine, "select from webhook_events where svix_id = 'msg_1' for no key update"):
        assert claim(engine, "msg_1", "msg_2") == ["msg_2"]
    assert claim(engine, "msg_1", "msg_2") == ["msg_1", "msg_2"]


def test_claiming_a_few_does_not_read_through_all_that_wait(engine: Engine, superuser: psycopg.Connection) -> None:
    keep(engine, *(f"old_{number}" for number in range(2_000)), status="ignored")
    superuser.execute("vacuum analyze webhook_events")  # from here on the statistics say that nothing waits
    keep(engine, *(f"new_{number}" for number in range(500)))
    assert len(claim(engine, *(f"new_{number}" for number in range(200)))) == 200
    assert read_of_all_that_wait(engine) == 0


def test_a_fresh_event_is_claimed_before_the_sweep_would_nudge_it(engine: Engine) -> None:
    keep(engine, "msg_1")
    assert due(engine) == []
    assert claim(engine, "msg_1") == ["msg_1"]


def test_a_failed_event_is_claimed_only_when_it_is_due(engine: Engine) -> None:
    keep(engine, "msg_1")
    with engine.begin() as connection:
        events.postpone(connection, "msg_1", 600, "why")
    assert (claim(engine, "msg_1"), due(engine)) == ([], [])
    age(engine, "1 second", "msg_1")
    assert (claim(engine, "msg_1"), due(engine)) == (["msg_1"], ["msg_1"])


def test_postponing_counts_the_attempt_and_keeps_the_reason(engine: Engine) -> None:
    keep(engine, "msg_1")
    with engine.begin() as connection:
        events.postpone(connection, "msg_1", 600, "why")
    (row,) = rows(
        engine,
        "select attempts, last_error, next_attempt_at between now() + interval '590s' and now() + "
        "interval '600s' from webhook_events",
    )
    assert row == (1, "why", True)


def test_an_event_without_a_time_happened_when_it_came(engine: Engine) -> None:
    keep(engine, "msg_1", occurred_at=None)
    with engine.begin() as connection:
        (claimed,) = events.claim(connection, ["msg_1"])
    assert [claimed.occurred_at] == values(engine, "select received_at from webhook_events")


def test_what_is_done_can_neither_be_parked_nor_postponed(engine: Engine) -> None:
    keep(engine, "msg_1")
    with engine.begin() as connection:
        events.mark_applied(connection, ["msg_1"])
        events.mark(connection, "msg_1", "parked", "too late")
        events.postpone(connection, "msg_1", 5, "too late")
    (row,) = rows(engine, "select status, attempts, last_error from webhook_events")
    assert row == ("applied", 0, None)


def test_the_longest_due_come_first_and_no_more_than_asked_for(engine: Engine) -> None:
    keep(engine, "msg_1", "msg_2", "msg_3", "msg_4")
    for minutes, svix_id in enumerate(("msg_3", "msg_1", "msg_2"), start=1):
        age(engine, f"{minutes} minutes", svix_id)
    assert due(engine, 2) == ["msg_2", "msg_1"]


@pytest.mark.parametrize("text", ["A\0da", "\ud800"])
def test_text_that_postgresql_cannot_hold_is_refused_by_it_so_it_has_to_be_replaced_before(
    engine: Engine, text: str
) -> None:
    with pytest.raises((DBAPIError, UnicodeError, errors.DataError)):
        keep(engine, "msg_1", type=text)
