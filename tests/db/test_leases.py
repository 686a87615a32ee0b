"""One holder at a time, by the database's clock."""

from sqlalchemy import Engine

from db import leases
from tests.ledger import change
from tests.meanwhile import at_once

NAME = leases.DIRECT_APPLY


def take(engine: Engine, holder: str, seconds: float = 60) -> bool:
    with engine.begin() as connection:
        return leases.take(connection, NAME, holder, seconds)


def is_held(engine: Engine) -> bool:
    with engine.connect() as connection:
        return leases.is_held(connection, NAME)


def test_a_lease_has_one_holder_who_can_renew_it(engine: Engine) -> None:
    assert [take(engine, holder) for holder in ("one", "other", "one")] == [True, False, True]
    assert is_held(engine)


def test_of_many_who_want_it_at_once_one_gets_it(engine: Engine) -> None:
    assert sum(at_once(*[lambda name=name: take(engine, name) for name in "abcdef"])) == 1


def test_a_lease_that_has_expired_or_was_given_back_can_be_taken(engine: Engine) -> None:
    take(engine, "one")
    change(engine, "update leases set expires_at = clock_timestamp()")
    assert not is_held(engine)
    assert take(engine, "other")
    with engine.begin() as connection:
        leases.give_back(connection, NAME, "one")
    assert is_held(engine)
    with engine.begin() as connection:
        leases.give_back(connection, NAME, "other")
    assert take(engine, "one")
