"""Whether Clerk answers and webhooks arrive, as `akako status` says it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from akako_guard.role import Role
from config.redis_url import RedisAddress
from db import audit, claims_switch, clerk_instance, drift, reconciling
from db.drift import Finding
from db.reconciling import Reconciling
from health.broker import Broker
from health.components import Component, Components, ComponentState
from health.database import DatabaseProbe
from health.heartbeat import Heartbeat
from tests.clerk_sender import Clerk, event, user
from tests.ledger import apply, as_owner, keep
from tests.servers import Database

State = Callable[[], ComponentState]


@pytest.fixture
def state(database: Database) -> State:
    def read() -> ComponentState:
        components = Components(DatabaseProbe(database.app_url), Broker(RedisAddress("redis://127.0.0.1:1/0")))
        return next(state for state in components.states() if state.part is Component.CLERK)

    return read


@pytest.fixture
def pinned(engine: Engine, database: Database) -> None:
    with engine.begin() as connection:
        audit.set_actor(connection, "operator:ada")
        clerk_instance.pin(connection, "ins_1", "production")
    heart = Heartbeat(database.app_url, "clerk")
    heart.beat(0)
    heart.close()


def missed(engine: Engine, *, hours_ago: float = 0, kind: str = "missed_update") -> None:
    version = datetime.now(UTC) - timedelta(hours=hours_ago, minutes=3)
    with engine.begin() as connection:
        drift.record(connection, [Finding(clerk_id="user_1", kind=kind, clerk_version=version)], None, 60)


def test_without_a_pinned_instance_nothing_is_wrong(state: State) -> None:
    assert state().is_healthy
    assert "no instance is pinned" in state().description


def test_a_process_that_never_ran_is_missed_once_an_instance_is_pinned(engine: Engine, state: State) -> None:
    with engine.begin() as connection:
        audit.set_actor(connection, "operator:ada")
        clerk_instance.pin(connection, "ins_1", "production")
    assert state() == ComponentState(
        Component.CLERK, "never seen", "check that the process `clerk` runs; its log has the cause"
    )


@pytest.mark.usefixtures("pinned")
def test_a_clerk_that_answers_is_healthy(state: State) -> None:
    assert state().description == "healthy"


@pytest.mark.usefixtures("pinned")
def test_a_clerk_that_does_not_answer_is_named_with_the_reason(engine: Engine, state: State) -> None:
    with engine.begin() as connection:
        reconciling.save(connection, Reconciling(instance_id="ins_1", failures=3, failed_because="status 401"))
    assert "status 401 (3 failures in a row)" in state().description
    assert state().next_step.endswith("#clerk-does-not-answer")


@pytest.mark.usefixtures("pinned")
@pytest.mark.parametrize("kind", ["missed_creation", "missed_update"])
def test_changes_without_any_delivery_are_silence(engine: Engine, clerk: Clerk, state: State, kind: str) -> None:
    keep(engine, clerk, clerk.created())
    with as_owner(engine) as connection:
        connection.exec_driver_sql("update webhook_events set received_at = received_at - interval '1 hour'")
    missed(engine, kind=kind)
    assert state().description == "no webhook arrives; changes at Clerk without a webhook in the last hour: 1"
    assert state().next_step.endswith("#webhooks-are-silent")


@pytest.mark.usefixtures("pinned")
def test_changes_beside_deliveries_are_missing_webhooks(engine: Engine, clerk: Clerk, state: State) -> None:
    missed(engine)
    keep(engine, clerk, clerk.created())
    assert state().description == "changes at Clerk without a webhook in the last hour: 1"
    assert state().next_step.endswith("#webhooks-are-missing")


@pytest.mark.usefixtures("pinned")
@pytest.mark.parametrize(("outcome", "is_missing"), [("deleted", True), ("held", True), ("resolved", False)])
def test_a_deletion_that_was_inferred_is_a_missing_webhook(
    engine: Engine, clerk: Clerk, state: State, outcome: str, is_missing: bool
) -> None:
    with engine.begin() as connection:
        [found] = drift.record(connection, [Finding(clerk_id="user_1", kind="absent")], None, 60).values()
        drift.end(connection, [found], outcome)
    keep(engine, clerk, clerk.created())
    assert state().is_healthy is not is_missing
    assert not is_missing or state().next_step.endswith("#webhooks-are-missing")


@pytest.mark.usefixtures("pinned")
def test_an_old_change_that_a_walk_found_says_nothing_of_webhooks(engine: Engine, state: State) -> None:
    missed(engine, hours_ago=2)
    assert state().is_healthy


def pushed(engine: Engine, clerk: Clerk, minutes_ago: int) -> None:
    """Claims are on, and a role was pushed this number of minutes ago; the last delivery is older."""
    apply(engine, clerk, clerk.send(event("user.created", user(), instance_id="ins_1")))
    with engine.begin() as connection:
        audit.set_actor(connection, "operator:ada", reason="Menus need roles.")
        claims_switch.turn_on(connection, "ins_1", Role.LEARNER)
    with as_owner(engine) as connection:
        connection.exec_driver_sql("update webhook_events set received_at = received_at - interval '1 hour'")
        connection.exec_driver_sql(
            "insert into claims (user_id, priority, pushed_at) select id, 1, now() - make_interval(mins => %s)"
            " from users",
            (minutes_ago,),
        )


@pytest.mark.usefixtures("pinned")
def test_a_push_without_its_webhook_is_silence(engine: Engine, clerk: Clerk, state: State) -> None:
    pushed(engine, clerk, 11)
    assert state().description.startswith("no webhook arrives, though roles were pushed")
    assert state().next_step.endswith("#webhooks-are-silent")
    keep(engine, clerk, clerk.updated())
    assert state().is_healthy


@pytest.mark.usefixtures("pinned")
def test_a_push_just_now_is_no_silence(engine: Engine, clerk: Clerk, state: State) -> None:
    pushed(engine, clerk, 9)
    assert state().is_healthy


@pytest.mark.usefixtures("pinned")
def test_an_echo_that_arrived_before_the_push_was_recorded_is_no_silence(
    engine: Engine, clerk: Clerk, state: State
) -> None:
    pushed(engine, clerk, 11)
    with as_owner(engine) as connection:
        connection.exec_driver_sql("update webhook_events set received_at = now() - interval '11 minutes 2 seconds'")
    assert state().is_healthy


@pytest.mark.usefixtures("pinned")
def test_stopped_claims_are_named_with_the_reason(engine: Engine, clerk: Clerk, state: State) -> None:
    pushed(engine, clerk, 1)
    with engine.begin() as connection:
        assert claims_switch.note_stopped(connection, "the key is of another instance")
        assert not claims_switch.note_stopped(connection, "the key is of another instance")
    assert state().description == "no roles are pushed: the key is of another instance"
    assert state().next_step.endswith("#claims-are-stopped")
