"""What a person saw before undoing or ending a move is checked again where it is decided."""

from collections.abc import Callable
from threading import Thread
from typing import TypeAlias

import pytest
from sqlalchemy import Connection, Engine

from db import keycloak_decisions, keycloak_imports
from db.audit import Author
from db.keycloak_plans import Run
from tests.keycloak.stored import LEARNER, creating, plan, planned, undo
from tests.ledger import as_owner, values

AUTHOR = Author(actor="operator:grace", reason="For a test.")
KEY = "kc-ada"
LINES = "select action from audit_log where action like 'keycloak.%%' order by id"
Decide: TypeAlias = Callable[[Connection, Run, Author], bool]


def decided(engine: Engine, run: Run, decide: Decide) -> bool:
    with as_owner(engine) as connection:
        return decide(connection, run, AUTHOR)


def applied(engine: Engine) -> Run:
    """A run whose only user is imported."""
    run = plan(engine, planned(KEY, LEARNER))
    creating(engine, run, KEY)
    with as_owner(engine) as connection:
        connection.exec_driver_sql("update keycloak_imports set state = 'applied', given_run_id = run_id")
    return run


def newer_plan(engine: Engine, _: Run) -> None:
    plan(engine, planned(KEY, LEARNER), begun=False)


def user_begun(engine: Engine, run: Run) -> None:
    with as_owner(engine) as connection:
        connection.exec_driver_sql("update keycloak_imports set state = 'undoing'")


def user_without_a_row(engine: Engine, _: Run) -> None:
    with as_owner(engine) as connection:
        connection.exec_driver_sql("delete from keycloak_imports")


def cut_over(engine: Engine, run: Run) -> None:
    assert decided(engine, run, keycloak_decisions.cut_over)


@pytest.mark.parametrize("meanwhile", [newer_plan, user_begun, user_without_a_row, undo, cut_over])
def test_a_move_does_not_end_if_it_changed_meanwhile(engine: Engine, meanwhile: Callable[[Engine, Run], None]) -> None:
    run = applied(engine)
    meanwhile(engine, run)
    before = values(engine, LINES)
    assert not decided(engine, run, keycloak_decisions.cut_over)
    assert values(engine, LINES) == before


def test_a_move_that_ended_is_reopened_once_and_not_undone(engine: Engine) -> None:
    run = applied(engine)
    assert not decided(engine, run, keycloak_decisions.reopen)
    cut_over(engine, run)
    assert not decided(engine, run, keycloak_decisions.begin_undo)
    assert decided(engine, run, keycloak_decisions.reopen)
    assert decided(engine, run, keycloak_decisions.begin_undo)
    assert decided(engine, run, keycloak_decisions.begin_undo)  # it has begun
    assert values(engine, LINES) == ["keycloak.cut_over", "keycloak.reopened", "keycloak.undo_started"]


def test_an_import_that_has_not_begun_is_not_undone(engine: Engine) -> None:
    assert not decided(engine, plan(engine, planned(KEY), begun=False), keycloak_decisions.begin_undo)


@pytest.mark.parametrize("decide", [keycloak_decisions.begin_undo, keycloak_decisions.cut_over])
def test_no_user_begins_while_it_is_decided_or_afterwards(engine: Engine, decide: Decide) -> None:
    run, begun = plan(engine), list[bool]()

    def begin() -> None:
        with engine.begin() as connection:
            begun.append(keycloak_imports.creating(connection, run, KEY))

    waiting = Thread(target=begin)
    with as_owner(engine) as connection:
        assert decide(connection, run, AUTHOR)
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
    waiting.join()
    assert begun == [False]


@pytest.mark.parametrize("meanwhile", [undo, cut_over])
def test_a_move_that_has_ended_is_not_open(engine: Engine, meanwhile: Callable[[Engine, Run], None]) -> None:
    run = plan(engine)
    with engine.begin() as connection:
        assert keycloak_imports.is_open(connection, run)
    meanwhile(engine, run)
    with engine.begin() as connection:
        assert not keycloak_imports.is_open(connection, run)


def test_a_user_of_a_run_that_is_undone_is_not_created_by_a_newer_one(engine: Engine) -> None:
    run = plan(engine, planned(KEY, LEARNER))
    creating(engine, run, KEY)
    newer = plan(engine, planned(KEY, LEARNER))
    with engine.begin() as connection:
        assert keycloak_imports.is_creating(connection, newer, KEY)
    undo(engine, run)
    with engine.begin() as connection:
        assert not keycloak_imports.is_creating(connection, newer, KEY)
        assert [each.is_undone for each in keycloak_imports.users(connection, newer, [KEY]).values()] == [True]
