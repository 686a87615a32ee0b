"""Lines of a file are decided after the wait for locks, and only users that are locked get a role."""

from sqlalchemy import Engine

from akako_guard.role import Role
from db.audit import Author
from roles import importing
from roles.importing import Decision, Outcome, Who
from roles.role_file import RoleLine
from tests import people
from tests.ledger import values
from tests.meanwhile import holding, waiting_for_a_lock

LINE = RoleLine(number=2, who="shared@example.com", role=Role.MENTOR)
TAKEN = "update users set email = null, claimed_email = null where clerk_id = 'user_ada'"
GIVEN = """
    update users set email = 'shared@example.com', claimed_email = 'shared@example.com' where clerk_id = 'user_bea'
"""


def test_a_user_that_takes_the_address_meanwhile_gets_no_role(engine: Engine) -> None:
    people.add(engine, "user_ada", email="shared@example.com")
    people.add(engine, "user_bea")

    def add() -> list[Decision]:
        with engine.begin() as connection:
            return importing.add(connection, [LINE], Who.EMAIL, Author(actor="operator:ada", reason="Moved."))[0]

    with holding(engine, TAKEN) as other:
        other.exec_driver_sql(GIVEN)
        with waiting_for_a_lock(engine, add) as waiting:
            other.commit()
            [decision] = waiting.result()
    assert (decision.outcome, values(engine, "select 1 from user_roles where role = 'MENTOR'")) == (Outcome.REFUSED, [])


def test_a_role_without_a_start_begins_after_the_wait(engine: Engine) -> None:
    people.add(engine, "user_ada", email="shared@example.com")

    def add() -> None:
        with engine.begin() as connection:
            importing.add(connection, [LINE], Who.EMAIL, Author(actor="operator:ada", reason="Moved."))

    with (
        holding(engine, "select from users where clerk_id = 'user_ada' for update") as other,
        waiting_for_a_lock(engine, add) as waiting,
    ):
        [released] = other.exec_driver_sql("select clock_timestamp()").scalars()
        other.rollback()
        waiting.result()
    assert values(engine, "select effective_start_date > %s from user_roles where role = 'MENTOR'", released) == [True]
