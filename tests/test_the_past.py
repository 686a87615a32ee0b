"""Invariant 9: a question about the past is answered with what the guard said then, whatever is recorded later."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine

from akako_guard.database import callers
from akako_guard.database.callers import KnownUser
from akako_guard.role import Role
from clerk.user import Snapshot
from db import audit, roles, temporal, user_search
from db.assignments import Window
from db.audit import Author
from db.instants import Instants, resolve
from db.temporal import UserStatus
from roles import assignments
from sync import expiry, replay
from sync.apply import apply, apply_snapshot
from sync.refusal import Refused
from tests import ledger
from tests.clerk_sender import Clerk, deletion, event, user
from tests.examples import examples
from tests.servers import Database

USERS = [f"user_{number}" for number in range(12)]
STEPS = 150
MOMENTS = 40
"""Of those at which the guard was asked, how many are asked about afterwards."""
OPERATOR = Author(actor="operator:tests", reason="For a test.")
Answers = dict[str, tuple[UserStatus, frozenset[Role]]]

BACKDATE = """
    update user_roles
    set effective_end_date = greatest(effective_start_date, now() - make_interval(secs => %s)), is_active = %s
    where id = (select id from user_roles order by md5(id::text || %s) limit 1)
"""
CLOSE = """
    update user_roles set is_active = false, effective_end_date = coalesce(effective_end_date, now() + interval '1 day')
    where id = (select id from user_roles where is_active order by md5(id::text || %s) limit 1)
"""
REOPEN = """
    update user_roles set is_active = true
    where id = (select id from user_roles where not is_active order by md5(id::text || %s) limit 1)
"""
BAN = "update users set banned = not banned where clerk_id = %s and deleted_at is null"
IMPORT = """
    insert into user_roles (user_id, role, effective_start_date, effective_end_date, is_active, assigned_by)
    select id, %s, now() - make_interval(secs => %s), now() - make_interval(secs => %s), %s, 'import'
    from users where clerk_id = %s
"""


def asked(known: KnownUser | None) -> tuple[UserStatus, frozenset[Role]]:
    """How the guard treats a user that was found so."""
    if known is None:
        return UserStatus.UNKNOWN, frozenset()
    if known.deleted:
        return UserStatus.DELETED, frozenset()
    return UserStatus.BANNED if known.banned else UserStatus.ACTIVE, known.roles


def guarded(status: UserStatus, held: frozenset[Role]) -> tuple[UserStatus, frozenset[Role]]:
    """The same for the guard, for which banned and deleted users hold no roles, whatever their windows say."""
    return status, held if status is UserStatus.ACTIVE else frozenset()


@dataclass
class History:
    """Everything that can happen to access, in random order, and what the guard answered in between."""

    engine: Engine
    psql: psycopg.Connection
    clerk: Clerk
    random: random.Random
    said: list[tuple[datetime, Answers]] = field(default_factory=list)
    delivered: list[str] = field(default_factory=list)

    def happen(self) -> None:
        """One thing happens; what is refused changes nothing, which is as good."""
        things: dict[Callable[[], None], int] = {
            self.told: 20,
            self.deleted: 3,
            self.signed_in: 5,
            self.assigned: 25,
            self.changed: 12,
            self.revoked: 12,
            self.expired: 8,
            self.replayed: 5,
            self.imported: 6,
            self.edited: 12,
        }
        (thing,) = self.random.choices(list(things), list(things.values()))
        with suppress(Refused, roles.RoleOverlap, psycopg.IntegrityError):
            thing()

    def ask(self) -> None:
        """Ask the guard about everybody, at one instant of the database's clock."""
        with self.engine.begin() as connection:
            moment = connection.exec_driver_sql("select now()").scalar_one()
            known = callers.find(connection, USERS)
        self.said.append((moment, {clerk_id: asked(known.get(clerk_id)) for clerk_id in USERS}))

    def told(self) -> None:
        at = self.around(3_000)
        kind = self.random.choice(["user.created", "user.updated"])
        self.deliver(event(kind, self.person(at), timestamp=at))

    def deleted(self) -> None:
        at = int((time.time() - self.random.expovariate(1 / 2_000)) * 1_000)
        self.deliver(event("user.deleted", {"id": self.who(), "object": "user", "deleted": True}, timestamp=at))

    def signed_in(self) -> None:
        moment = datetime.now(UTC) - timedelta(seconds=self.random.random())
        snapshot = Snapshot(clerk_id=self.who(), version=moment, created_at=moment)
        apply_snapshot(self.engine, snapshot, "req_tests", Role.LEARNER)

    def assigned(self) -> None:
        start = self.soon(0, 0.02, 500)
        end = self.random.choice([None, start + timedelta(seconds=self.random.choice([0.01, 0.05, 900]))])
        window = Window(role=self.random.choice(list(Role)), start=self.random.choice([None, start]), end=end)
        with self.engine.begin() as connection:
            assignments.assign(connection, OPERATOR, self.who(), window)

    def changed(self) -> None:
        clerk_id, assignment = self.some_assignment()
        with self.engine.begin() as connection:
            end = self.random.choice([None, self.soon(0.01, 60, 5_000)])
            assignments.change_end(connection, OPERATOR, clerk_id, assignment, end)

    def revoked(self) -> None:
        clerk_id, assignment = self.some_assignment()
        with self.engine.begin() as connection:
            assignments.revoke(connection, OPERATOR, clerk_id, assignment)

    def expired(self) -> None:
        expiry.expire(self.engine, batch=10)

    def replayed(self) -> None:
        chosen = [self.random.choice(self.delivered)] if self.delivered else []
        order = replay.ReplayRequest(author=OPERATOR, default_role=Role.LEARNER, force=self.random.random() < 0.5)
        replay.replay(self.engine.begin, chosen, order)

    def imported(self) -> None:
        ago = sorted((self.random.expovariate(1 / 5_000) for _ in range(2)), reverse=True)
        with self.engine.begin() as connection:
            audit.set_actor(connection, "operator:import")
        self.psql.execute(IMPORT, (self.random.choice(list(Role)), *ago, self.random.random() < 0.5, self.who()))

    def edited(self) -> None:
        statement, parameters = self.random.choice(
            [
                (BACKDATE, (self.random.expovariate(1 / 1_500), self.random.random() < 0.3, self.salt())),
                (CLOSE, (self.salt(),)),
                (REOPEN, (self.salt(),)),
                (BAN, (self.who(),)),
            ]
        )
        self.psql.execute(statement, parameters)

    def deliver(self, body: bytes) -> None:
        """Keep and apply one signed event."""
        (svix_id,) = ledger.keep(self.engine, self.clerk, self.clerk.send(body))
        self.delivered.append(svix_id)
        apply(self.engine, [svix_id], Role.LEARNER)

    def person(self, at: int) -> dict[str, Any]:
        banned = self.random.random() < 0.25
        return user(self.who(), email=None, banned=banned, created_at=at - 5_000, updated_at=at)

    def some_assignment(self) -> tuple[str, int]:
        """An assignment, whatever has become of it."""
        found = self.psql.execute(
            "select clerk_id, r.id from user_roles r join users u on u.id = user_id order by r.id"
        )
        return self.random.choice(found.fetchall() or [("user_0", 1)])

    def who(self) -> str:
        return self.random.choice(USERS)

    def salt(self) -> str:
        return str(self.random.random())

    def soon(self, *seconds: float) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.random.choice(seconds))

    def around(self, seconds: float) -> int:
        """A time before or after now, in milliseconds, that Clerk may name."""
        before = self.random.random() < 0.8
        away = self.random.expovariate(1 / seconds) if before else -min(self.random.expovariate(1 / seconds), 200)
        return int((time.time() - away) * 1_000)


@contextmanager
def lived(database: Database, engine: Engine, clerk: Clerk, seed: int) -> Iterator[History]:
    """A history that has happened, with the guard's answers."""
    with psycopg.connect(database.owner_url, autocommit=True) as psql:
        history = History(engine, psql, clerk, random.Random(seed))
        for _ in range(STEPS):
            history.happen()
            history.ask()
        yield history


def answered(engine: Engine, instants: Instants) -> Answers:
    """What is answered about every user, one by one."""
    answers: Answers = {}
    with engine.begin() as connection:
        for clerk_id in USERS:
            entry = user_search.show(connection, clerk_id)
            if entry is None:
                answers[clerk_id] = UserStatus.UNKNOWN, frozenset()
                continue
            held = [each.assignment for each in temporal.versions(connection, entry.id, instants)]
            roles_held = frozenset(each.role for each in held if each.held)
            answers[clerk_id] = temporal.status(connection, entry.id, instants), roles_held
    return answers


def listed(engine: Engine, instants: Instants) -> dict[str, set[Role]]:
    """The same from the list of everybody, three users a page."""
    found: dict[str, set[Role]] = {}
    last: int | None = 0
    with engine.begin() as connection:
        while last is not None:
            page, last = temporal.holders(connection, instants, last, 3)
            for each in page:
                found[each.clerk_id] = {window.role for window in each.assignments}
    return found


@pytest.mark.properties
@pytest.mark.parametrize("seed", range(examples(15)))
def test_what_was_so_is_what_the_guard_said(database: Database, engine: Engine, clerk: Clerk, seed: int) -> None:
    with lived(database, engine, clerk, seed) as history:
        every = history.said

    said = sorted(history.random.sample(every, MOMENTS), key=lambda each: each[0])
    answers = [answered(engine, Instants(moment, moment)) for moment, _ in said]

    differences = [
        (moment, clerk_id, expected[clerk_id], guarded(*answer[clerk_id]))
        for (moment, expected), answer in zip(said, answers, strict=True)
        for clerk_id in USERS
        if expected[clerk_id] != guarded(*answer[clerk_id])
    ]
    assert differences == []
    assert any(held for _, expected in said for _, held in expected.values())
    assert {status for _, expected in every for status, _ in expected.values()} == set(UserStatus)
    assert answers != [answered(engine, Instants(moment, said[-1][0])) for moment, _ in said]
    assert [listed(engine, Instants(moment, moment)) for moment, _ in said[::10]] == [
        {clerk_id: set(held) for clerk_id, (_, held) in answer.items() if held} for answer in answers[::10]
    ]


@pytest.mark.properties
@pytest.mark.parametrize("seed", range(20, 20 + examples(8)))
def test_the_revisions_lead_from_what_was_so_to_what_is_known(
    database: Database, engine: Engine, clerk: Clerk, seed: int
) -> None:
    with lived(database, engine, clerk, seed) as history:
        moments = [moment for moment, _ in history.said]

    revised = 0
    for moment in moments[::5]:
        for clerk_id in USERS:
            with engine.begin() as connection:
                entry = user_search.show(connection, clerk_id)
                if entry is None:
                    continue
                now = resolve(connection, None, None).at
                held = ids(temporal.versions(connection, entry.id, Instants(moment, moment)))
                known = ids(temporal.versions(connection, entry.id, Instants(moment, now)))
                changes = temporal.revisions(connection, entry.id, Instants(moment, moment))
            for change in changes:
                held = held | {change.user_role_id} if change.held else held - {change.user_role_id}
            assert held == known
            revised += len(changes)
    assert revised > 0


def ids(versions: list[temporal.Version]) -> set[int]:
    """The assignments that count as held."""
    return {each.assignment.id for each in versions if each.assignment.held}


def test_a_deletion_that_arrives_late_does_not_change_what_was_so(engine: Engine, clerk: Clerk) -> None:
    ledger.apply(engine, clerk, clerk.created("user_ada"))
    with engine.begin() as connection:
        assignments.assign(connection, OPERATOR, "user_ada", Window(role=Role.MENTOR))
    with engine.begin() as connection:
        moment = connection.exec_driver_sql("select now()").scalar_one()
        before = callers.find(connection, ["user_ada"])["user_ada"]
    ledger.apply(engine, clerk, clerk.send(deletion("user_ada", at=60_000)))

    with engine.begin() as connection:
        was = temporal.versions(connection, before.id, Instants(moment, moment))
        now = resolve(connection, None, None).at
        known = temporal.versions(connection, before.id, Instants(moment, now))

    assert {each.assignment.role for each in was if each.assignment.held} == before.roles == {Role.LEARNER, Role.MENTOR}
    assert ids(known) == set()


def test_a_deletion_whose_time_moves_leaves_a_line(engine: Engine, clerk: Clerk) -> None:
    ledger.apply(engine, clerk, clerk.created("user_ada"))
    ledger.apply(engine, clerk, clerk.deleted("user_ada", at=60_000))
    ledger.apply(engine, clerk, clerk.deleted("user_ada", at=30_000))

    lines = ledger.rows(
        engine, "select before ->> 'deleted_at', after ->> 'deleted_at' from audit_log where action = 'user.deleted'"
    )

    assert len(lines) == 2
    assert lines[1][0] == lines[0][1] != lines[1][1]
