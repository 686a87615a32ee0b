"""Webhooks that are lost, late, repeated and out of order, with walks, imports and kills in between: one end."""

import itertools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from akako_guard.role import Role
from clerk.backend import Backend
from db import leases, walks
from db.audit import Author
from dev.clerk.message import Message
from reconcile import differences, drift_repair, planner, reading
from reconcile.backfill import Backfill
from reconcile.drift_repair import RepairOrder
from reconcile.pace import Pace
from reconcile.reading import Reader
from sync import apply
from tests.clerk_sender import Clerk, Sent
from tests.examples import examples
from tests.ledger import keep, rows, values
from tests.meanwhile import at_once
from tests.reconcile.reconciled import Reconciled, reconciling
from tests.served_clerk import ServedClerk

PERSON = Author(actor="operator:ada", reason="For a test.")
OURS = "select clerk_id, first_name, banned, email, username from users where deleted_at is null order by clerk_id"
LINES = """
    select clerk_user_id, action, count(*) from audit_log
    where action in ('user.created', 'role.assigned')
       or (action = 'user.deleted' and before ->> 'deleted_at' is null)  -- repeated if an earlier time becomes known
    group by 1, 2 having count(*) > 1
"""
TWICE = """
    select clerk_user_id, action from (
        select clerk_user_id, action, lag(action) over (partition by clerk_user_id, kind order by id) as before
        from audit_log cross join lateral (values (case
            when action in ('user.banned', 'user.unbanned') then 'ban'
            when action in ('user.access_ended', 'user.access_restored') then 'access' end)) as kinds (kind)
        where kind is not null) as lines
    where action = before
"""
HELD = """
    select users.clerk_id from users join user_roles on user_id = users.id
    where is_active group by users.clerk_id having count(*) <> 1
"""


class Killed(BaseException):
    """The process ends here."""


@dataclass
class World:
    """Clerk, an installation with two workers, and the webhooks on their way."""

    clerk: ServedClerk
    reconciled: Reconciled
    sender: Clerk
    engine: Engine
    users: list[str]

    def sent(self, number: int) -> list[Sent]:
        """The delivery of one of the messages so far, counted from the newest; none if there is none."""
        messages: list[Message] = list(self.clerk.instance.state.messages.values())
        if not messages:
            return []
        message = messages[-1 - number % len(messages)]
        return [self.sender.send(message.body.encode(), svix_id=message.id)]

    def deliver(self, *numbers: int) -> None:
        """Deliver messages, each with the id that it always has."""
        ids = keep(self.engine, self.sender, *(sent for number in numbers for sent in self.sent(number)))
        apply.apply(self.engine, ids, Role.LEARNER)

    def slice(self) -> None:
        self.reconciled.run(timedelta(minutes=11))

    def killed_slice(self, number: int) -> None:
        """A slice whose process is killed before one of its requests."""
        counter = itertools.count()

        def kill() -> float:
            if next(counter) > number:
                raise Killed
            return 0.0

        slicer = self.reconciled.slicer
        self.reconciled.slicer = replace(slicer, now=kill)
        try:
            with suppress(Killed):
                self.reconciled.run(timedelta(minutes=11))
        finally:
            self.reconciled.slicer = slicer
        with self.engine.begin() as connection:
            leases.give_back(connection, leases.RECONCILE, slicer.holder)

    def killed_backfill(self, number: int) -> None:
        """An import whose process is killed before one of its requests; the next one continues it."""
        counter = itertools.count()

        def kill() -> None:
            if next(counter) > number:
                raise Killed

        with suppress(Killed):
            self.backfill(kill)

    def repair(self, force: bool) -> None:
        """What `akako drift repair --all` does."""
        reader = Reader(self.engine, self.reconciled.slicer.backend, Pace(1_000_000), lambda: None)
        order = RepairOrder(author=PERSON, default_role=Role.LEARNER, force=force)
        for asked in drift_repair.ask(reader, values(self.engine, "select id from drift where ended_at is null")):
            with suppress(drift_repair.ChangedMeanwhile):
                drift_repair.repair(self.engine.begin, asked, order)

    def backfill(self, before: Callable[[], None] = lambda: None) -> None:
        backend = self.reconciled.slicer.backend
        reader = Reader(self.engine, backend, Pace(1_000_000), before)
        with self.engine.begin() as connection:
            walk = walks.unfinished(connection, self.clerk.id)
            walk = walk or walks.start(connection, self.clerk.id, len(self.clerk.instance.state.users))
        Backfill(engine=self.engine, reader=reader, default_role=Role.LEARNER).run(walk)

    def change(self, kind: str, place: int) -> None:
        """Create a user at Clerk, or change one, if it exists."""
        if kind == "create":
            self.clerk.create(1)
            return
        user_id = self.users[place]
        if user_id in self.clerk.instance.state.users:
            changes: dict[str, Callable[[], object]] = {
                "rename": lambda: self.clerk.rename(user_id, f"Name {place}"),
                "ban": lambda: self.clerk.instance.set_banned(user_id, banned=True),
                "unban": lambda: self.clerk.instance.set_banned(user_id, banned=False),
                "delete": lambda: self.clerk.instance.delete(user_id),
                "sign-in": lambda: self.clerk.sign_in(user_id),
            }
            changes[kind]()


Act = Callable[[World], object]
PLACE = st.integers(0, 2)
NUMBER = st.integers(0, 12)
CHANGES = st.builds(
    lambda kind, place: lambda world: world.change(kind, place),
    st.sampled_from(["create", "rename", "ban", "unban", "delete", "sign-in"]),
    PLACE,
)
ARRIVALS = st.builds(lambda numbers: lambda world: world.deliver(*numbers), st.lists(NUMBER, min_size=1, max_size=3))
QUESTIONS = st.one_of(
    st.just(World.slice),
    st.builds(lambda number: lambda world: world.killed_slice(number), st.integers(0, 8)),
    st.just(World.backfill),
    st.builds(lambda number: lambda world: world.killed_backfill(number), st.integers(0, 6)),
    st.builds(lambda force: lambda world: world.repair(force), st.booleans()),
    st.builds(lambda number: lambda world: at_once(world.slice, lambda: world.deliver(number)), NUMBER),
    st.builds(lambda number: lambda world: at_once(world.backfill, lambda: world.deliver(number)), NUMBER),
    st.builds(
        lambda one, other: lambda world: at_once(lambda: world.deliver(*one), lambda: world.deliver(*other)),
        st.lists(NUMBER, min_size=1, max_size=3),
        st.lists(NUMBER, min_size=1, max_size=3),
    ),
)
STEPS = st.lists(st.one_of(CHANGES, ARRIVALS, QUESTIONS), max_size=10)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_USERS", 4)
    monkeypatch.setattr(reading, "LEAST_USERS", 1)
    monkeypatch.setattr(planner, "PAGE", 4)
    monkeypatch.setattr(planner, "WALK_SLICES", 1)
    monkeypatch.setattr(planner, "WALK_EVERY", timedelta(0))
    monkeypatch.setattr(differences, "IN_FLIGHT", timedelta(0))


@pytest.fixture
def world(engine: Engine, clerk: ServedClerk, backend: Backend) -> World:
    return World(clerk, reconciling(engine, backend, clerk.id), Clerk(), engine, [])


@given(steps=STEPS)
@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_lost_late_repeated_or_killed_the_end_is_what_clerk_says(world: World, steps: list[Act]) -> None:
    world.users[:] = world.clerk.create(3)
    for step in steps:
        step(world)
    for _ in range(5):
        world.slice()
    at_clerk = sorted(world.clerk.instance.state.users.values(), key=lambda user: user.id)
    assert values(world.engine, "select clerk_id from users where deleted_at is null order by clerk_id") == [
        user.id for user in at_clerk
    ]
    assert rows(world.engine, "select clerk_id, first_name, banned from users where deleted_at is null order by 1") == [
        (user.id, user.first_name, user.banned) for user in at_clerk
    ]
    assert rows(world.engine, LINES) == []
    assert rows(world.engine, TWICE) == []
    assert [each for each in values(world.engine, HELD) if each in world.clerk.instance.state.users] == []
    assert values(world.engine, "select class from drift where ended_at is null") == []
