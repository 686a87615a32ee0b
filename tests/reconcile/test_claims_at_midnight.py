"""Many roles end at the same moment: all are pushed at the pace of the key, and a change by a person goes first.

Clerk and the time between requests are simulated; the database and the pusher are real.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from sqlalchemy import Engine

from akako_guard.role import Role
from clerk.backend import Backend, ClerkInstance, UserPage
from clerk.user import Snapshot
from db import audit, claims_switch, clerk_instance, roles
from db.assignments import Window
from reconcile.claims_push import MOST_AT_ONCE
from reconcile.pace import Pace
from reconcile.slice import Slicer
from tests.examples import PROFILE
from tests.ledger import as_owner, values

ENDS = 50_000 if PROFILE == "full" else 300
PER_SECOND = 20
MEANWHILE = 100
VERSION = datetime(2026, 11, 27, tzinfo=UTC)


@dataclass
class SimulatedClerk:
    """A Clerk that answers at once, on a clock that only waiting moves."""

    users: dict[str, dict[str, Any]]
    """The claims in `public_metadata` of each user."""
    seconds: float = 0
    requests: list[float] = field(default_factory=list)
    """The times of all requests."""
    order: list[str] = field(default_factory=list)
    """The users in the order of their changes."""
    meanwhile: Callable[[], None] = lambda: None
    """Called during the hundredth change."""

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def instance(self) -> ClerkInstance:
        self.requests.append(self.seconds)
        return ClerkInstance(id="ins_1", environment="production")

    def users_by_id(self, clerk_ids: Sequence[str]) -> UserPage:
        self.requests.append(self.seconds)
        return UserPage(tuple(map(self._snapshot, clerk_ids)), unreadable=0, cursor=None, is_last=True)

    def patch_metadata(self, clerk_id: str, public: Mapping[str, object]) -> Snapshot:
        self.requests.append(self.seconds)
        merged = self.users[clerk_id] | dict(public)
        self.users[clerk_id] = {key: value for key, value in merged.items() if value is not None}
        self.order.append(clerk_id)
        if len(self.order) == MEANWHILE:
            self.meanwhile()
        return self._snapshot(clerk_id)

    def _snapshot(self, clerk_id: str) -> Snapshot:
        return Snapshot(clerk_id=clerk_id, version=VERSION, claims=self.users[clerk_id])


pytestmark = [pytest.mark.properties, pytest.mark.clerk, pytest.mark.timeout(1_200)]


@pytest.fixture
def clerk(engine: Engine) -> SimulatedClerk:
    """Claims are on, every user is LEARNER, and the role MENTOR of all of them ended a moment ago."""
    with engine.begin() as connection:
        audit.set_actor(connection, "operator:ada", reason="Menus need roles.")
        clerk_instance.pin(connection, "ins_1", "production")
        claims_switch.turn_on(connection, "ins_1", Role.LEARNER)
    with as_owner(engine) as connection:
        audit.set_actor(connection, "operator:ada", reason="Menus need roles.")
        connection.exec_driver_sql(
            """
            insert into users (clerk_id, clerk_updated_at) select 'user_' || n, %(version)s
            from generate_series(1, %(ends)s) as n
            """,
            {"version": VERSION, "ends": ENDS},
        )
        for role, end in (("LEARNER", "null"), ("MENTOR", "now()")):
            connection.exec_driver_sql(
                f"""
                insert into user_roles (user_id, role, effective_start_date, effective_end_date, assigned_by)
                select id, '{role}', now() - interval '1 day', {end}, 'operator:ada' from users
                """
            )
        connection.exec_driver_sql("update claims_switch set seeded_after = 9223372036854775807")
        [marker] = connection.exec_driver_sql("select installation from claims_switch").scalars()
        had = {"roles": ["LEARNER", "MENTOR"], "roles_by": marker}
        connection.exec_driver_sql(
            """
            update claims set due_at = now(), priority = 1, pushed_version = %s, pushed = jsonb_build_object(
                'roles', array['LEARNER', 'MENTOR'], 'roles_by', %s::text)
            """,
            (VERSION, marker),
        )
        connection.exec_driver_sql("analyze users, user_roles, claims")
    return SimulatedClerk({f"user_{number}": had for number in range(1, ENDS + 1)})


def test_ends_at_midnight(engine: Engine, clerk: SimulatedClerk) -> None:
    slicer = Slicer(
        engine=engine,
        backend=cast("Backend", clerk),
        pace=Pace(PER_SECOND, now=lambda: clerk.seconds, sleep=clerk.sleep),
        default_role=Role.LEARNER,
        holder="test",
        now=lambda: clerk.seconds,
    )
    changed = f"user_{ENDS}"

    def assign() -> None:
        with engine.begin() as connection:
            audit.set_actor(connection, "operator:ada", reason="needed")
            [user_id] = connection.exec_driver_sql("select id from users where clerk_id = %s", (changed,)).scalars()
            roles.assign(connection, user_id, Window(role=Role.ADMIN), "operator:ada", "", "x", "")

    clerk.meanwhile = assign
    slices = 1
    while slicer.push():
        slices += 1

    assert values(engine, "select count(*) from claims where due_at is not null") == [0]
    assert {tuple(each["roles"]) for name, each in clerk.users.items() if name != changed} == {("LEARNER",)}
    assert clerk.users[changed]["roles"] == ["ADMIN", "LEARNER"]
    assert clerk.order.index(changed) <= MEANWHILE + MOST_AT_ONCE
    assert len(clerk.order) == ENDS
    requests = ENDS + math.ceil(ENDS / MOST_AT_ONCE) + 2 * slices
    assert len(clerk.requests) <= requests
    # The last wait of a slice can end it.
    assert clerk.seconds <= (requests + slices) / PER_SECOND
    gaps = [later - earlier for earlier, later in zip(clerk.requests, clerk.requests[1:], strict=False)]
    assert min(gaps) >= 1 / PER_SECOND - 1e-6
