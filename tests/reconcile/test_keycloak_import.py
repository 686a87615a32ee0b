"""An import from Keycloak that is killed anywhere creates no user twice, and gives the planned roles once."""

from collections.abc import Callable, Mapping
from threading import Thread

import pytest
from sqlalchemy import Engine

from akako_guard.database.engine import connect
from clerk.http import ClerkUnavailable
from clerk.user import Snapshot
from clerk.user_writer import UserWriter, WriteRefused
from db import keycloak_imports, keycloak_undo
from db.keycloak_imports import State
from dev.clerk.faults import Fault
from tests.clerk_sender import Clerk, event
from tests.keycloak.stored import MENTOR, creating, plan, planned, undo
from tests.ledger import actions, apply, rows, values
from tests.reconcile.keycloak_moves import MOST_POINTS, Forgetful, Move, echo, is_killed
from tests.served_clerk import ServedClerk
from tests.servers import Database

pytestmark = pytest.mark.recovery

ONE = "select state, reason from keycloak_imports where keycloak_id = %s"


def killed_when(
    condition: Callable[[str], bool], move: Callable[..., Move], database: Database, instance: ServedClerk
) -> Move:
    """The move of one person that was killed as soon as the condition held for the person's id in Keycloak."""
    for at in range(1, MOST_POINTS):
        this = move()
        assert is_killed(this.make, database, instance, at)
        if condition(this.keys[0]):
            return this
    raise AssertionError("the condition did not become true")


def _keys(instance: ServedClerk) -> dict[str, str]:
    """Clerk ids by external id."""
    return {str(each.external_id): each.id for each in instance.instance.state.users.values()}


@pytest.mark.parametrize("first", ["the echo", "the import"])
def test_killed_at_any_point_and_continued_it_creates_each_user_once(
    engine: Engine,
    database: Database,
    sender: Clerk,
    instance: ServedClerk,
    writer: UserWriter,
    move: Callable[..., Move],
    first: str,
) -> None:
    for at in range(1, MOST_POINTS):
        this = move()
        [key] = this.keys
        killed = is_killed(this.make, database, instance, at)
        if first == "the echo":
            echo(engine, sender, instance, key)
        this.make(engine, writer)
        echo(engine, sender, instance, key)
        echo(engine, sender, instance, key)
        [clerk_id] = [each.id for each in instance.instance.state.users.values() if each.external_id == key]
        assert actions(engine, clerk_id) == ["user.created", "role.assigned"], at
        assert rows(engine, ONE, key) == [("applied", None)], at
        if not killed:
            assert at > 10  # before and after: creating, created, applied, and the request
            return
    pytest.fail("there are more points than expected")


def test_a_webhook_that_arrives_before_the_answer_gives_the_planned_roles(
    engine: Engine, sender: Clerk, instance: ServedClerk, move: Callable[..., Move]
) -> None:
    class Overtaken(UserWriter):
        def create_user(self, fields: Mapping[str, object]) -> Snapshot | WriteRefused:
            made = super().create_user(fields)
            echo(engine, sender, instance, str(fields["external_id"]))
            return made

    this, writer = move(), Overtaken(instance.key, instance.url)
    assert this.make(engine, writer).states == {State.APPLIED: 1}
    writer.close()
    [cause] = values(engine, "select cause from audit_log where action = 'role.assigned'")
    assert str(cause).startswith("msg_")


def test_a_request_that_is_answered_too_late_creates_no_second_user(
    engine: Engine, instance: ServedClerk, move: Callable[..., Move]
) -> None:
    instance.fail("silent", path="/v1/users", seconds=1)
    this, impatient = move(), UserWriter(instance.key, instance.url, seconds=0.3)
    assert this.make(engine, impatient).states == {State.APPLIED: 1}
    impatient.close()
    assert [each.external_id for each in instance.instance.state.users.values()] == this.keys


def test_a_replica_that_lags_delays_the_user_and_creates_no_other(
    engine: Engine, instance: ServedClerk, writer: UserWriter, move: Callable[..., Move]
) -> None:
    instance.instance.set_fault(Fault(id="", kind="stale-reads", times=2, path="/v1/users"))
    instance.fail("cut-off", path="/v1/users")
    this = move()
    assert this.make(engine, writer).states == {State.APPLIED: 1}
    assert [each.external_id for each in instance.instance.state.users.values()] == this.keys


def test_two_imports_at_once_create_each_user_once(
    engine: Engine, database: Database, instance: ServedClerk, move: Callable[..., Move]
) -> None:
    this = move(20)

    def run() -> None:
        pool, writer = connect(database.app_url, "test", connections=1), UserWriter(instance.key, instance.url)
        this.make(pool, writer)
        writer.close()
        pool.dispose()

    both = [Thread(target=run) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert sorted(str(each.external_id) for each in instance.instance.state.users.values()) == this.keys
    assert values(engine, "select count(*) from audit_log where action = 'user.created'") == [20]
    assert rows(engine, "select state, count(*) from keycloak_imports group by state") == [("applied", 20)]


def test_a_user_who_lost_the_marker_before_it_was_seen_is_named(
    engine: Engine,
    sender: Clerk,
    instance: ServedClerk,
    writer: UserWriter,
    database: Database,
    move: Callable[..., Move],
) -> None:
    this = killed_when(lambda key: key in _keys(instance), move, database, instance)
    [made] = [each for each in instance.instance.state.users.values() if each.external_id in this.keys]
    apply(engine, sender, sender.send(event("user.created", {**made.as_json, "private_metadata": {}})))
    assert this.make(engine, writer).states == {State.CREATED: 1}
    assert rows(engine, ONE, *this.keys) == [("created", "known_before")]
    assert values(engine, "select assigned_by from user_roles") == ["akako"]


def test_a_user_who_was_deleted_at_clerk_is_not_created_again(
    engine: Engine,
    sender: Clerk,
    instance: ServedClerk,
    writer: UserWriter,
    database: Database,
    move: Callable[..., Move],
) -> None:
    created = "select from keycloak_imports where state = 'created' and keycloak_id = %s"
    this = killed_when(lambda key: bool(rows(engine, created, key)), move, database, instance)
    instance.instance.delete(_keys(instance)[this.keys[0]])
    assert this.make(engine, writer).states == {State.CREATED: 1}
    assert rows(engine, ONE, *this.keys) == [("created", "deleted_at_clerk")]
    assert this.keys[0] not in _keys(instance)


def test_a_user_that_a_webhook_finished_while_clerk_lags_is_not_created_again(
    engine: Engine, sender: Clerk, instance: ServedClerk, move: Callable[..., Move]
) -> None:
    class Lost(UserWriter):
        """The response is lost, the webhook arrives, and the next look-up finds nothing."""

        lagging = 1

        def create_user(self, fields: Mapping[str, object]) -> Snapshot | WriteRefused:
            super().create_user(fields)
            echo(engine, sender, instance, str(fields["external_id"]))
            raise ClerkUnavailable("for a test")

        def find(self, external_id: str) -> Snapshot | None:
            self.lagging -= 1
            return None if self.lagging >= 0 else super().find(external_id)

    this, writer = move(), Lost(instance.key, instance.url)
    assert this.make(engine, writer).states == {State.APPLIED: 1}
    writer.close()
    assert [each.external_id for each in instance.instance.state.users.values()] == this.keys


def test_users_of_a_run_whose_undoing_is_not_finished_are_left_to_it(
    engine: Engine, instance: ServedClerk, writer: UserWriter, move: Callable[..., Move]
) -> None:
    this = move()
    creating(engine, this.run, *this.keys)
    undo(engine, this.run)
    again = Move(plan(engine, planned(this.keys[0], MENTOR), realm=this.run.realm), this.path, this.keys)
    assert again.make(engine, writer).states == {}
    assert instance.instance.state.users == {}
    with engine.connect() as connection:
        assert keycloak_imports.unsuccessful(connection, again.run, 9) == [(this.keys[0], "creating", "plan_undone")]
    with engine.begin() as connection:
        assert keycloak_undo.never_created(connection, this.run, this.keys[0])
    assert again.make(engine, writer).states == {State.APPLIED: 1}
    assert values(engine, "select role from user_roles") == ["MENTOR"]


def test_a_user_that_was_refused_because_it_exists_is_adopted_by_a_newer_plan(
    engine: Engine, instance: ServedClerk, writer: UserWriter, move: Callable[..., Move]
) -> None:
    this, forgetful = move(), Forgetful(instance.key, instance.url)
    assert this.make(engine, forgetful).states == {State.REFUSED: 1}
    forgetful.close()
    again = Move(plan(engine, planned(this.keys[0], MENTOR), realm=this.run.realm), this.path, this.keys)
    assert again.make(engine, writer).states == {State.APPLIED: 1}
    assert len(instance.instance.state.users) == 1
    assert rows(engine, "select run_id, given_run_id from keycloak_imports") == [(this.run.id, again.run.id)]


def test_a_late_answer_changes_no_user_that_another_run_has_taken_over(
    engine: Engine, move: Callable[..., Move]
) -> None:
    this = move()
    creating(engine, this.run, *this.keys)
    with engine.begin() as connection:
        [late] = keycloak_imports.users(connection, this.run, this.keys).values()
        keycloak_imports.refused(connection, this.run, late, "for a test")
    again = plan(engine, planned(this.keys[0], MENTOR), realm=this.run.realm)
    creating(engine, again, *this.keys)
    with engine.begin() as connection:
        keycloak_imports.created(connection, this.run, late, "user_late")
        keycloak_imports.refused(connection, this.run, late, "for a test")
    assert rows(engine, "select state, clerk_id, run_id from keycloak_imports") == [("creating", None, again.id)]
