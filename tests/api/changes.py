"""Requests for every operation, so that tests cover all of them, including new ones."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine

from akako_guard.role import Role
from api.operation import Operation
from api.operations import OPERATIONS
from db import drift
from db.drift import Finding
from db.tables import metadata
from tests import people
from tests.clerk_sender import Clerk
from tests.ledger import keep, rows

MALLORY = "user_mallory"
"""An ADMIN who loses the role."""
REASON = "For a test."
SVIX_ID = "{svix_id}"

BODIES: dict[str, Sequence[dict[str, Any]]] = {
    "assign": [{"role": "ADMIN", "reason": REASON}],
    "change_end": [{"end": "2100-01-01T00:00:00Z", "reason": REASON}],
    "revoke": [{"reason": REASON}],
    "replay": [
        {"svix_ids": [SVIX_ID], "reason": REASON},
        {"svix_ids": [SVIX_ID], "reason": REASON, "preview": True},
        {"svix_ids": [SVIX_ID], "reason": REASON, "preview": True, "reveal": True},
    ],
    "discard": [{"svix_ids": [SVIX_ID], "reason": REASON}],
    "reveal": [{"reason": REASON}],
    "import_roles": [{"content": f"who,role\n{MALLORY},MENTOR\n", "reason": REASON}],
}
QUERIES: dict[str, Sequence[dict[str, str]]] = {
    "explain": [{"role": "MENTOR"}],
    "audit": [{}, {"format": "csv"}, {"format": "jsonl"}],
}
OWN_TESTS = {"repair", "release_deletions", "reject_deletions"}
"""Operations about Clerk's answers, whose authors are tested in test_drift.py and test_deletions.py."""
LOSSES = {
    "revoked": "update user_roles set is_active = false, effective_end_date = now() where role = 'ADMIN' and user_id = "
    f"(select id from users where clerk_id = '{MALLORY}')",
    "banned": f"update users set banned = true where clerk_id = '{MALLORY}'",
}
DELETED = f"""
    update users set deleted_at = now(), banned = false, claimed_email = null, email = null, first_name = null,
        last_name = null, username = null, image_url = null, external_id = null, clerk_created_at = null,
        clerk_updated_at = null
    where clerk_id = '{MALLORY}'
"""


@dataclass(frozen=True)
class ApiCall:
    """A request to one operation."""

    operation: Operation
    body: dict[str, Any] | None = None
    query: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        flags = [name for name, value in {**(self.body or {}), **self.query}.items() if value is True or name in QUERY]
        return " ".join([self.operation.name, *flags])


QUERY = ("format",)


def changes() -> list[ApiCall]:
    """Requests to all operations that change something and require a role. Raises KeyError if `BODIES` lacks one."""
    found = [
        each
        for each in OPERATIONS
        if each.method != "GET" and each.requires and each.requires.roles and each.name not in OWN_TESTS
    ]
    return [ApiCall(each, body) for each in found for body in BODIES[each.name]]


def readings() -> list[ApiCall]:
    """Requests to all GET operations."""
    found = [each for each in OPERATIONS if each.method == "GET"]
    return [ApiCall(each, None, query) for each in found for query in QUERIES.get(each.name, [{}])]


@dataclass(frozen=True)
class Scene:
    """The data that the requests refer to: an assignment of a mentor, a pending event, and a difference."""

    assignment_id: int
    svix_id: str
    drift_id: int

    def path(self, call: ApiCall) -> str:
        """The path of a request."""
        return call.operation.path.format(
            clerk_id="user_ada", id=self.assignment_id, svix_id=self.svix_id, drift_id=self.drift_id
        )

    def body(self, call: ApiCall) -> dict[str, Any]:
        """The body of a request."""
        return {name: [self.svix_id] if value == [SVIX_ID] else value for name, value in (call.body or {}).items()}


def prepare(engine: Engine, clerk: Clerk) -> Scene:
    """Create two admins, a mentor, and an event that would change the mentor."""
    people.add(engine, "user_boss", Role.ADMIN)
    people.add(engine, MALLORY, Role.ADMIN)
    people.add(engine, "user_ada")
    mentor = people.assign(engine, "user_ada", Role.MENTOR)
    (svix_id,) = keep(engine, clerk, clerk.updated("user_ada", at=9_000, email=None, first_name="Augusta"))
    with engine.begin() as connection:
        [drift_id] = drift.record(connection, [Finding(clerk_id="user_ada", kind="ahead")], None, 60).values()
    return Scene(mentor.id, svix_id, drift_id)


def image(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, without audit lines about refusals."""
    conditions = {"audit_log": "where action <> 'access.refused'"}
    return {
        name: sorted(rows(engine, f"select * from {name} {conditions.get(name, '')}"), key=repr)
        for name in metadata.tables
    }


def lose(connection: Connection, loss: str) -> None:
    """Take the role from the admin in an open transaction."""
    connection.exec_driver_sql(LOSSES[loss])
