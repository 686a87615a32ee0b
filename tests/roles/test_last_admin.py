from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from threading import Barrier
from urllib.parse import quote

import pytest
from sqlalchemy import Engine

from akako_guard.database.engine import connect
from akako_guard.role import Role
from db.admins import LOCK
from db.assignments import Assignment
from roles import assignments
from roles.refusal import AssignmentOver, LastAdmin
from tests import people
from tests.examples import examples
from tests.ledger import values
from tests.meanwhile import holding, waiting_for_a_lock
from tests.servers import Database

Change = Callable[[Engine, str, Assignment], None]

ROUNDS = examples(100)
TOMORROW = datetime.now(UTC) + timedelta(days=1)
LASTING = "select count(*) from user_roles where role = 'ADMIN' and is_active and effective_end_date is null"


def revoke(engine: Engine, clerk_id: str, theirs: Assignment) -> None:
    people.revoke(engine, clerk_id, theirs)


def shorten(engine: Engine, clerk_id: str, theirs: Assignment) -> None:
    people.change_end(engine, clerk_id, theirs, TOMORROW)


def close_all(engine: Engine) -> None:
    """As a person with `psql` can, without any check."""
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "update user_roles set is_active = false, effective_end_date = greatest(effective_start_date, now())"
            " where role = 'ADMIN' and is_active"
        )


@pytest.mark.properties
@pytest.mark.parametrize(("one", "other"), [(revoke, revoke), (shorten, shorten), (revoke, shorten)])
def test_of_two_admins_removed_concurrently_one_remains(engine: Engine, one: Change, other: Change) -> None:
    people.add(engine, "user_ada")
    people.add(engine, "user_bob")
    outcomes: Counter[str] = Counter()

    def attempt(change: Change, clerk_id: str, theirs: Assignment, together: Barrier) -> None:
        together.wait()
        try:
            change(engine, clerk_id, theirs)
            outcomes["done"] += 1
        except LastAdmin:
            outcomes["refused"] += 1

    with ThreadPoolExecutor(2) as threads:
        for _ in range(ROUNDS):
            adas, bobs = (people.assign(engine, each, Role.ADMIN) for each in ("user_ada", "user_bob"))
            together = Barrier(2)
            wait(
                [
                    threads.submit(attempt, one, "user_ada", adas, together),
                    threads.submit(attempt, other, "user_bob", bobs, together),
                ]
            )
            remaining = values(engine, LASTING)
            outcomes[f"{remaining[0]} left"] += 1
            close_all(engine)

    assert outcomes == {"done": ROUNDS, "refused": ROUNDS, "1 left": ROUNDS}


def test_one_stays_whatever_isolation_the_host_prefers(database: Database) -> None:
    preferred = quote("-c default_transaction_isolation=repeatable\\ read")
    pool = connect(f"{database.app_url}&options={preferred}", "tests", connections=3)
    people.add(pool, "user_ada")
    people.add(pool, "user_bob")
    adas, bobs = (people.assign(pool, each, Role.ADMIN) for each in ("user_ada", "user_bob"))

    with pool.connect() as first:
        assignments.revoke(first, people.OPERATOR, "user_ada", adas.id)
        with waiting_for_a_lock(pool, lambda: people.revoke(pool, "user_bob", bobs)) as second:
            first.commit()

    assert isinstance(second.exception(), LastAdmin)
    pool.dispose()


def test_what_was_closed_while_its_extension_waited_stays_closed(engine: Engine) -> None:
    people.add(engine, "user_ada")
    people.add(engine, "user_bob", Role.ADMIN)
    adas = people.assign(engine, "user_ada", Role.ADMIN, end=TOMORROW)

    with (
        holding(engine, LOCK) as turn,
        waiting_for_a_lock(
            engine, lambda: people.change_end(engine, "user_ada", adas, TOMORROW + timedelta(days=1))
        ) as extended,
    ):
        turn.exec_driver_sql("update user_roles set is_active = false where id = %s", (adas.id,))
        turn.commit()

    assert isinstance(extended.exception(), AssignmentOver)
    assert values(engine, "select action from audit_log where action = 'role.extended'") == []
