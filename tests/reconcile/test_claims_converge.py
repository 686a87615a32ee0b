"""Roles, bans and metadata change in any order, pushes fail or are killed: Clerk ends with the roles that are held."""

import itertools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from akako_guard.role import Role
from clerk.backend import Backend
from db import audit, claims, claims_switch, leases, roles
from db.assignments import Window
from dev.clerk import changes
from dev.clerk.requests import UserMetadata
from reconcile import differences
from reconcile.claims import wanted
from sync.refusal import Refused
from tests.examples import examples
from tests.ledger import as_owner, rows, values
from tests.meanwhile import at_once
from tests.reconcile.reconciled import Reconciled, reconciling
from tests.served_clerk import ServedClerk

pytestmark = pytest.mark.clerk

LATER = timedelta(minutes=11)
LONG = timedelta(hours=3)


class Killed(BaseException):
    """The process ends here."""


@dataclass
class World:
    """Clerk, and an installation that pushes roles to it."""

    clerk: ServedClerk
    reconciled: Reconciled
    engine: Engine
    users: list[str]

    def assign(self, place: int, role: Role, start: int | None, end: int | None) -> None:
        """Assign a role between minutes from now."""
        window = Window(role=role, start=_minutes(start), end=_minutes(end))
        self._as_operator(
            lambda connection, user_id: roles.assign(connection, user_id, window, "operator:ada", "", "x", ""), place
        )

    def revoke(self, place: int) -> None:
        """End all roles of a user."""
        ids = "select id from user_roles join users on users.id = user_id where clerk_id = %s and is_active"
        for assignment in values(self.engine, ids.replace("select id", "select user_roles.id"), self.users[place]):
            self._as_operator(lambda connection, _, revoked=assignment: roles.revoke(connection, revoked, "x"), place)

    def _as_operator(self, do: Callable[..., object], place: int) -> None:
        found = values(
            self.engine, "select id from users where clerk_id = %s and deleted_at is null", self.users[place]
        )
        for user_id in found:
            with suppress(Refused, roles.RoleOverlap), self.engine.begin() as connection:
                audit.set_actor(connection, "operator:ada", reason="needed")
                do(connection, user_id)

    def write(self, place: int, public: dict[str, object]) -> None:
        """Another application writes metadata."""
        user = self.clerk.instance.state.users.get(self.users[place])
        if user is not None:
            patch = UserMetadata(public_metadata=public)
            self.clerk.instance.put(changes.merge_metadata(user, patch, self.clerk.instance.now()))

    def ban(self, place: int, *, banned: bool) -> None:
        if self.users[place] in self.clerk.instance.state.users:
            self.clerk.instance.set_banned(self.users[place], banned=banned)

    def delete(self, place: int) -> None:
        if self.users[place] in self.clerk.instance.state.users:
            self.clerk.instance.delete(self.users[place])

    def fail(self, kind: str) -> None:
        """The next change of a user fails at Clerk."""
        self.clerk.fail(kind, path="/v1/users/user_")

    def slice(self) -> None:
        self.reconciled.run(LATER)

    def push(self) -> None:
        self.reconciled.slicer.push()

    def killed_push(self, number: int) -> None:
        """A push whose process is killed at one of its looks at the clock, and which gives no lease back."""
        counter = itertools.count()

        def kill() -> float:
            if next(counter) > number:
                raise Killed
            return 0.0

        with suppress(Killed):
            replace(self.reconciled.slicer, now=kill, holder="killed").push()
        with self.engine.begin() as connection:
            leases.give_back(connection, leases.RECONCILE, "killed")

    def pass_time(self, spent: timedelta) -> None:
        """As if so much time had passed for leases and pauses."""
        with as_owner(self.engine) as connection:
            connection.exec_driver_sql(
                "update claims set expires_at = expires_at - %(t)s, not_before = not_before - %(t)s,"
                " due_at = case when not_before is null then due_at else due_at - %(t)s end",
                {"t": spent},
            )


def _minutes(number: int | None) -> datetime | None:
    return None if number is None else datetime.now(UTC) + timedelta(minutes=number)


Act = Callable[[World], object]
PLACE = st.integers(0, 1)
STEPS = st.lists(
    st.one_of(
        st.builds(
            lambda place, role, start, length: (
                lambda world: world.assign(place, role, start, None if length is None else (start or 0) + length)
            ),
            PLACE,
            st.sampled_from([Role.MENTOR, Role.ADMIN]),
            st.sampled_from([None, 5]),
            st.sampled_from([None, 60]),
        ),
        st.builds(lambda place: lambda world: world.revoke(place), PLACE),
        st.builds(lambda place, banned: lambda world: world.ban(place, banned=banned), PLACE, st.booleans()),
        st.builds(lambda place: lambda world: world.delete(place), PLACE),
        st.builds(
            lambda place, public: lambda world: world.write(place, public),
            PLACE,
            st.sampled_from([{"theme": "dark"}, {"roles": ["ADMIN"]}, {"roles": None, "roles_by": None}]),
        ),
        st.builds(lambda kind: lambda world: world.fail(kind), st.sampled_from(["rate-limited", "server-error"])),
        st.just(World.slice),
        st.just(World.push),
        st.just(lambda world: world.pass_time(LONG)),
        st.builds(lambda number: lambda world: world.killed_push(number), st.integers(0, 12)),
        st.builds(lambda place: lambda world: at_once(world.push, lambda: world.revoke(place)), PLACE),
    ),
    max_size=12,
)


@pytest.fixture
def world(engine: Engine, clerk: ServedClerk, backend: Backend, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(differences, "IN_FLIGHT", timedelta(0))
    reconciled = reconciling(engine, backend, clerk.id)
    with engine.begin() as connection:
        audit.set_actor(connection, "operator:ada", reason="Menus need roles.")
        claims_switch.turn_on(connection, clerk.id, Role.LEARNER)
    return World(clerk, reconciled, engine, [])


@given(steps=STEPS)
@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_clerk_ends_with_the_roles_that_are_held(world: World, steps: list[Act]) -> None:
    world.users[:] = world.clerk.create(2)
    world.slice()
    for step in steps:
        step(world)
    world.clerk.instance.faults.clear()
    for _ in range(4):
        world.slice()
        world.pass_time(LONG)
        world.push()

    [marker] = values(world.engine, "select installation from claims_switch")
    for clerk_id, user in world.clerk.instance.state.users.items():
        with world.engine.begin() as connection:
            known = claims.recorded(connection, [clerk_id])[clerk_id]
            should = wanted(claims.held(connection, known.user_id), marker)
        has = {
            key: user.public_metadata[key]
            for key in ("roles", "roles_until", "roles_by")
            if key in user.public_metadata
        }
        assert (known.parked, known.in_flight, known.failures) == (None, False, 0)
        assert has == should.value or not (has or should.value["roles"])
        assert known.pushed == should.value
        assert known.due_at == should.next_change
    assert rows(world.engine, "select role from user_roles where role not in ('LEARNER', 'MENTOR', 'ADMIN')") == []
