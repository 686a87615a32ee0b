"""Moves of a few persons from Keycloak, and processes that are killed in the middle of one."""

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy import event as database_event

from akako_guard.database.engine import connect
from akako_guard.role import Role
from clerk.user import Snapshot
from clerk.user_writer import EXISTS, UserWriter, WriteRefused
from db.keycloak_plans import Run
from dev.clerk.user import User
from keycloak import export, mapping
from reconcile.keycloak_import import Imported, Importer
from reconcile.pace import Pace
from tests.clerk_sender import Clerk, event
from tests.keycloak.maps import MAP
from tests.ledger import apply
from tests.served_clerk import ServedClerk
from tests.servers import Database

CHILD_SECONDS = 30
MOST_POINTS = 40


@dataclass(frozen=True)
class Move:
    """One plan, with its export."""

    run: Run
    path: Path
    keys: list[str]

    def importer(self, engine: Engine, writer: UserWriter) -> Importer:
        return Importer(
            engine=engine,
            run=self.run,
            roles=mapping.parse(MAP),
            writer=writer,
            pace=Pace(1_000),
            default_role=Role.LEARNER,
        )

    def make(self, engine: Engine, writer: UserWriter) -> Imported:
        users = export.open_export(self.path).users()
        return self.importer(engine, writer).import_users(users, len(self.keys))


class Deadly:
    """Kills this process at the given point."""

    def __init__(self, at: int) -> None:
        self._left = at

    def point(self, *_: object) -> None:
        self._left -= 1
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)


class DeadlyWriter(UserWriter):
    """Has a point before and after each change."""

    deadly: Deadly

    def create_user(self, fields: Mapping[str, object]) -> Snapshot | WriteRefused:
        self.deadly.point()
        made = super().create_user(fields)
        self.deadly.point()
        return made

    def update(self, clerk_id: str, fields: Mapping[str, object]) -> Snapshot | WriteRefused:
        self.deadly.point()
        changed = super().update(clerk_id, fields)
        self.deadly.point()
        return changed

    def set_banned(self, clerk_id: str, banned: bool) -> Snapshot | WriteRefused:
        self.deadly.point()
        changed = super().set_banned(clerk_id, banned)
        self.deadly.point()
        return changed

    def delete(self, clerk_id: str) -> bool:
        self.deadly.point()
        deleted = super().delete(clerk_id)
        self.deadly.point()
        return deleted


class Forgetful(UserWriter):
    """Each response is lost, and Clerk's replicas lag: a user that was created is taken for another one."""

    def create_user(self, fields: Mapping[str, object]) -> Snapshot | WriteRefused:
        super().create_user(fields)
        return WriteRefused(EXISTS)

    def find(self, _: str) -> Snapshot | None:
        return None


def is_killed(work: Callable[[Engine, UserWriter], object], database: Database, instance: ServedClerk, at: int) -> bool:
    """Work in another process, which is killed at a point: before or after a commit or a change at Clerk."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        assert status in (0, signal.SIGKILL), status
        return status == signal.SIGKILL
    signal.alarm(CHILD_SECONDS)
    code = 1
    try:
        deadly, engine = Deadly(at), connect(database.app_url, "test", connections=1)
        database_event.listen(engine, "commit", deadly.point)
        database_event.listen(engine, "checkin", deadly.point)
        writer = DeadlyWriter(instance.key, instance.url)
        writer.deadly = deadly
        work(engine, writer)
        code = 0
    finally:
        os._exit(code)


def at_clerk(instance: ServedClerk, key: str) -> User | None:
    """The user with an external id."""
    return next((each for each in instance.instance.state.users.values() if each.external_id == key), None)


def echo(engine: Engine, sender: Clerk, instance: ServedClerk, key: str) -> None:
    """The webhook of a user, if it exists at Clerk."""
    if user := at_clerk(instance, key):
        apply(engine, sender, sender.send(event("user.created", user.as_json)))
