"""Which connection is closed for a new one at the connection limit."""

import time

import pytest

from serving import slots
from serving.slots import Connection, Queue, Slots


class Open:
    """A connection without a socket."""

    queue: Queue | None = None


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """No patience: every incomplete head counts as incomplete for too long."""
    monkeypatch.setattr(slots, "PATIENCE_SECONDS", -1.0)


def full(most: int = 3) -> tuple[Slots, list[Connection]]:
    """Open connections up to the limit, each with an incomplete head."""
    connection_slots, connections = Slots(most), [Open() for _ in range(most)]
    assert [connection_slots.enter(each) for each in connections] == [None] * most
    return connection_slots, list(connections)


def test_below_the_limit_no_connection_is_evicted() -> None:
    connection_slots, (first, *_) = full()
    connection_slots.leave(first)
    assert connection_slots.enter(Open()) is None


@pytest.mark.usefixtures("no_patience")
def test_the_longest_incomplete_head_is_evicted_first() -> None:
    connection_slots, (first, second, third) = full()
    connection_slots.move(first, connection_slots.idle)
    connection_slots.move(third, connection_slots.bodies)
    assert [connection_slots.enter(Open()) for _ in range(1)] == [second]


def test_an_idle_connection_is_evicted_before_a_recent_head() -> None:
    connection_slots, (first, second, _) = full()
    connection_slots.move(second, connection_slots.idle)
    connection_slots.move(first, connection_slots.idle)
    assert [connection_slots.enter(Open()), connection_slots.enter(Open())] == [second, first]


def test_a_body_is_evicted_if_there_is_nothing_else() -> None:
    connection_slots, (first, second, third) = full()
    connection_slots.move(first, connection_slots.bodies)
    connection_slots.move(second, None)
    connection_slots.move(third, None)
    new = Open()
    assert connection_slots.enter(new) is first
    assert connection_slots.enter(Open()) is new


@pytest.mark.parametrize("larger", ["heads", "bodies"])
def test_the_oldest_of_the_more_frequent_kind_is_evicted(larger: str) -> None:
    connection_slots, connections = full(5)
    other = {"heads": "bodies", "bodies": "heads"}[larger]
    for each, queue in zip(connections, (other, larger, larger, other, larger), strict=True):
        connection_slots.move(each, None)
        connection_slots.move(each, getattr(connection_slots, queue))
    assert connection_slots.enter(Open()) is connections[1]


def test_the_new_connection_is_closed_if_all_requests_are_in_progress() -> None:
    connection_slots, connections = full()
    for each in connections:
        connection_slots.move(each, None)
    new = Open()
    assert connection_slots.enter(new) is new
    assert new.queue is None


def test_leave_is_idempotent() -> None:
    connection_slots, (first, *_) = full()
    connection_slots.leave(first)
    connection_slots.leave(first)
    assert connection_slots.enter(Open()) is None
    assert connection_slots.enter(Open()) is not None


def test_eviction_takes_constant_time() -> None:
    assert seconds(40_000) < 10 * seconds(400) + 0.05


def seconds(most: int) -> float:
    """How long a thousand new connections take at the limit."""
    connection_slots, _ = full(most)
    began = time.perf_counter()
    for _ in range(1_000):
        connection_slots.enter(Open())
    return time.perf_counter() - began
