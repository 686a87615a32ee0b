"""Comparing two plans of a move from Keycloak takes time in proportion to their users, also without statistics."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from akako_guard.database.engine import connect
from akako_guard.role import Role
from db import keycloak_differences, keycloak_plans
from db.keycloak_plans import Run
from keycloak.fate import Decision, Fate
from keycloak.plan import PlannedUser
from keycloak.windows import Evidence, Window
from tests.db import plans
from tests.ledger import as_owner
from tests.servers import Database

EXPORTED = datetime(2026, 11, 1, tzinfo=UTC)
USERS = 500


@pytest.fixture
def filling(database: Database) -> Iterator[Engine]:
    """The connections of a command that fills tables."""
    pool = connect(database.owner_url, "test", looks_up=True)
    yield pool
    pool.dispose()


def planned(number: int, *roles: Role) -> PlannedUser:
    windows = [Window(role, EXPORTED, None, "role pupil", Evidence.EXPORT) for role in roles]
    return PlannedUser(f"user-{number:04}", Decision(Fate.PLANNED, ()), "argon2id", EXPORTED, False, None, windows)


def stored(connection: Connection, users: list[PlannedUser]) -> Run:
    run = keycloak_plans.start(
        connection,
        realm="akademie",
        keycloak_version=None,
        exported_at=EXPORTED,
        planned_by="operator:ada",
        path="/export",
        map_text="",
        previous=keycloak_plans.latest(connection, "akademie"),
    )
    keycloak_plans.add(connection, run, users)
    return run


def repeated(node: dict[str, Any]) -> list[str]:
    """The parts of a query plan that read rows and were executed for each user."""
    own = [node["Node Type"]] if "Scan" in node["Node Type"] and node["Actual Loops"] > 2 else []
    inner = [name for child in node.get("Plans", []) for name in repeated(child)]
    return [name for name in own + inner if name != "Values Scan"]


def test_two_plans_are_compared_in_one_pass_without_statistics(filling: Engine) -> None:
    with filling.begin() as connection:
        before = stored(connection, [planned(number, Role.LEARNER) for number in range(USERS)])
        after = stored(connection, [planned(number, Role.LEARNER, Role.MENTOR) for number in range(1, USERS + 1)])
    found = plans.plan(filling, lambda connection: keycloak_differences.counts(connection, before.id, after.id))
    assert repeated(found) == []
    with filling.begin() as connection:
        counts = keycloak_differences.counts(connection, before.id, after.id)
    assert counts == {"gone": 1, "new": 1, "roles": USERS - 1}


def test_differences_have_their_values_before_and_after(engine: Engine) -> None:
    with as_owner(engine) as connection:
        before, after = (stored(connection, [planned(1, *roles)]) for roles in ((Role.LEARNER,), (Role.ADMIN,)))
        [found] = keycloak_differences.page(connection, before.id, after.id, 10)
    assert (found.keycloak_id, found.kind) == ("user-0001", "roles")
    assert (found.before, found.after) == ("LEARNER 2026-11-01T00:00:00Z/..", "ADMIN 2026-11-01T00:00:00Z/..")


def test_another_authenticator_app_is_a_difference_of_the_password(engine: Engine) -> None:
    apps: tuple[dict[str, Any], ...] = (
        {},
        {"has_app": True, "app_set_at": EXPORTED},
        {"has_app": True, "app_set_at": None},
    )
    with as_owner(engine) as connection:
        runs = [stored(connection, [replace(planned(1), **app)]) for app in apps]
        for before, after in pairwise(runs):
            assert keycloak_differences.counts(connection, before.id, after.id) == {"password": 1}
