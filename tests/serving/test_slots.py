"""Which connection is closed for a newcomer, once as many are open as may be."""

import time

import pytest

from serving import slots
from serving.slots import Connection, Queue, Slots


class Open:
    """A connection without a socket."""

    queue: Queue | None = None


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """None: every incomplete head has been so for too long."""
    monkeypatch.setattr(slots, "PATIENCE_SECONDS", -1.0)


def full(most: int = 3) -> tuple[Slots, list[Connection]]:
    """As many open connections as may be, each with an incomplete head."""
    made, connections = Slots(most), [Open() for _ in range(most)]
    assert [made.enter(each) for each in connections] == [None] * most
    return made, list(connections)


def test_below_the_limit_nobody_goes() -> None:
    made, (first, *_) = full()
    made.leave(first)
    assert made.enter(Open()) is None


@pytest.mark.usefixtures("patience")
def test_the_head_that_has_been_incomplete_longest_goes_first() -> None:
    made, (first, second, third) = full()
    made.move(first, made.idle)
    made.move(third, made.bodies)
    assert [made.enter(Open()) for _ in range(1)] == [second]


def test_an_idle_connection_goes_before_a_head_that_has_only_just_begun() -> None:
    made, (first, second, _) = full()
    made.move(second, made.idle)
    made.move(first, made.idle)
    assert [made.enter(Open()), made.enter(Open())] == [second, first]


def test_a_body_goes_when_there_is_nothing_else() -> None:
    made, (first, second, third) = full()
    made.move(first, made.bodies)
    made.move(second, None)
    made.move(third, None)
    newcomer = Open()
    assert made.enter(newcomer) is first
    assert made.enter(Open()) is newcomer


@pytest.mark.parametrize("crowd", ["heads", "bodies"])
def test_of_heads_and_bodies_the_oldest_of_those_that_are_more_goes(crowd: str) -> None:
    made, connections = full(5)
    other = {"heads": "bodies", "bodies": "heads"}[crowd]
    for each, queue in zip(connections, (other, crowd, crowd, other, crowd), strict=True):
        made.move(each, None)
        made.move(each, getattr(made, queue))
    assert made.enter(Open()) is connections[1]


def test_a_newcomer_goes_while_every_other_request_is_in_work() -> None:
    made, connections = full()
    for each in connections:
        made.move(each, None)
    newcomer = Open()
    assert made.enter(newcomer) is newcomer
    assert newcomer.queue is None


def test_a_connection_counts_once_however_often_it_leaves() -> None:
    made, (first, *_) = full()
    made.leave(first)
    made.leave(first)
    assert made.enter(Open()) is None
    assert made.enter(Open()) is not None


def test_the_choice_takes_the_same_time_however_many_there_are() -> None:
    assert seconds(40_000) < 10 * seconds(400) + 0.05


def seconds(most: int) -> float:
    """How long a thousand newcomers take at the limit, from the head of the queue on."""
    made, _ = full(most)
    began = time.perf_counter()
    for _ in range(1_000):
        made.enter(Open())
    return time.perf_counter() - began
