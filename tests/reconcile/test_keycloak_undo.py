"""An undone import deletes the users that it created, once, and spares those who use their account already."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from threading import Event, Thread

import pytest
from sqlalchemy import Engine

from akako_guard.role import Role
from clerk.backend import Backend
from clerk.http import ClerkUnavailable
from clerk.user import Snapshot
from clerk.user_writer import UserWriter, WriteRefused
from db import audit, keycloak_decisions, keycloak_imports, keycloak_undo, roles
from db.assignments import Window
from db.audit import Author
from db.keycloak_imports import State
from dev.clerk import changes
from dev.clerk.requests import UserMetadata
from dev.clerk.user import touch
from keycloak import export
from reconcile.keycloak_authority import ImportEnded, RealmCutOver
from reconcile.keycloak_undo import Outcome, Undo, Undone
from reconcile.pace import Pace
from sync import apply as worker
from sync.deletion_limits import Limit
from tests.clerk_sender import Clerk, Sent, event, user
from tests.keycloak.stored import LEARNER, creating, plan, planned
from tests.ledger import actions, apply, as_owner, keep, rows, values
from tests.reconcile.keycloak_moves import MOST_POINTS, Forgetful, Move, at_clerk, echo, is_killed
from tests.served_clerk import ServedClerk
from tests.servers import Database

pytestmark = pytest.mark.recovery

AUTHOR = Author(actor="operator:grace", reason="The wrong map.")
STATES = "select keycloak_id, state from keycloak_imports order by 1"
TRAIL = ["user.created", "role.assigned", "user.deleted", "role.revoked"]


def undo_of(engine: Engine, backend: Backend, move: Move, writer: UserWriter, settle_seconds: float = 0) -> Undo:
    with engine.connect() as connection:
        marker = keycloak_undo.marker(connection, move.run)
    return Undo(
        engine=engine,
        run=move.run,
        marker=marker,
        backend=backend,
        writer=writer,
        pace=Pace(1_000),
        author=AUTHOR,
        settle_seconds=settle_seconds,
    )


def begin(engine: Engine, move: Move) -> None:
    with as_owner(engine) as connection:
        assert keycloak_decisions.begin_undo(connection, move.run, AUTHOR)


def undo(engine: Engine, backend: Backend, move: Move, writer: UserWriter) -> Undone:
    begin(engine, move)
    return undo_of(engine, backend, move, writer).run_all()


def deletion(sender: Clerk, clerk_id: str) -> Sent:
    return sender.send(event("user.deleted", {"id": clerk_id, "object": "user", "deleted": True}))


def imported(engine: Engine, instance: ServedClerk, move: Move, writer: UserWriter) -> list[str]:
    """Import, and return the Clerk ids."""
    move.make(engine, writer)
    found = [at_clerk(instance, key) for key in move.keys]
    return [each.id for each in found if each]


@pytest.mark.parametrize("first", ["the webhook", "the undo"])
def test_killed_at_any_point_and_continued_it_deletes_each_user_once(
    engine: Engine,
    database: Database,
    sender: Clerk,
    instance: ServedClerk,
    backend: Backend,
    writer: UserWriter,
    move: Callable[..., Move],
    first: str,
) -> None:
    for at in range(1, MOST_POINTS):
        this = move()
        [clerk_id] = imported(engine, instance, this, writer)
        begin(engine, this)
        killed = is_killed(
            lambda pool, deadly, this=this: undo_of(pool, Backend(instance.key, instance.url), this, deadly).run_all(),  # type: ignore[misc]
            database, instance, at,
        )  # fmt: skip
        webhook = deletion(sender, clerk_id)
        if first == "the webhook" and at_clerk(instance, this.keys[0]) is None:
            apply(engine, sender, webhook)
        undo_of(engine, backend, this, writer).run_all()
        apply(engine, sender, webhook)
        apply(engine, sender, deletion(sender, clerk_id))
        assert at_clerk(instance, this.keys[0]) is None
        assert actions(engine, clerk_id)[:2] == TRAIL[:2], at
        # `user.deleted` is repeated if an earlier time of the deletion becomes known.
        assert sorted(set(actions(engine, clerk_id))) == sorted(TRAIL), at
        assert actions(engine, clerk_id).count("role.revoked") == 1, at
        assert rows(engine, "select state from keycloak_imports where keycloak_id = %s", *this.keys) == [("undone",)]
        assert rows(engine, "select deleted_at is null, external_id from users where clerk_id = %s", clerk_id) == [
            (False, None)
        ]
        if not killed:
            assert at > 6  # before and after: two commits, and the request
            return
    pytest.fail("there are more points than expected")


def test_a_user_who_signed_in_was_changed_here_or_is_another_one_is_spared(
    engine: Engine, instance: ServedClerk, backend: Backend, writer: UserWriter, move: Callable[..., Move]
) -> None:
    this, other = move(4), move()
    signed_in, changed, lost, last = imported(engine, instance, this, writer)
    [elsewhere] = imported(engine, instance, other, writer)
    state, now = instance.instance.state, instance.instance.now()
    instance.instance.put(touch(state.users[signed_in], now, last_sign_in_at=now), event=None)
    body = UserMetadata(private_metadata={})
    instance.instance.put(changes.replace_metadata(state.users[lost], body, now), event=None)
    with engine.begin() as connection:
        audit.set_author(connection, Author(actor="user_admin"))
        [user_id] = values(engine, "select id from users where clerk_id = %s", changed)
        roles.assign(connection, user_id, Window(role=Role.MENTOR), "user_admin", "", "Teaches.", "")
    preview = undo_of(engine, backend, this, writer).preview()
    assert preview.spared == [
        (this.keys[0], Outcome.SIGNED_IN),
        (this.keys[1], Outcome.CHANGED_HERE),
        (this.keys[2], Outcome.FOREIGN),
    ]
    before = rows(engine, STATES)
    assert undo(engine, backend, this, writer) == preview
    assert set(state.users) == {signed_in, changed, lost, elsewhere}
    assert {*before, (this.keys[3], "undone")} - {(this.keys[3], "applied")} == set(rows(engine, STATES))
    assert values(engine, "select clerk_id from users where deleted_at is not null") == [last]


def test_a_sign_in_during_a_failure_of_clerk_is_noticed(
    engine: Engine, instance: ServedClerk, backend: Backend, writer: UserWriter, move: Callable[..., Move]
) -> None:
    this = move()
    imported(engine, instance, this, writer)

    class Failing(UserWriter):
        def delete(self, clerk_id: str) -> bool:
            if (user := instance.instance.state.users[clerk_id]).last_sign_in_at is None:
                now = instance.instance.now()
                instance.instance.put(touch(user, now, last_sign_in_at=now), event=None)
                instance.fail("server-error", path=f"/v1/users/{clerk_id}")
            return super().delete(clerk_id)

    failing = Failing(instance.key, instance.url)
    assert undo(engine, backend, this, failing).spared == [(this.keys[0], Outcome.SIGNED_IN)]
    failing.close()
    assert at_clerk(instance, this.keys[0]) is not None
    assert rows(engine, STATES) == [(this.keys[0], "applied")]


def test_the_deletions_need_no_release_and_leave_the_limit_to_others(
    engine: Engine,
    sender: Clerk,
    instance: ServedClerk,
    backend: Backend,
    writer: UserWriter,
    move: Callable[..., Move],
) -> None:
    this, none = move(3), Limit(0, 0)
    clerk_ids = imported(engine, instance, this, writer)
    apply(engine, sender, sender.send(event("user.created", user("user_eve", email=None))))

    class Overtaken(UserWriter):
        """The webhook arrives before the answer."""

        def delete(self, clerk_id: str) -> bool:
            done = super().delete(clerk_id)
            sent = keep(engine, sender, deletion(sender, clerk_id))
            assert worker.apply(engine, sent, Role.LEARNER, limit=none).applied == 1
            return done

    # Deleted at Clerk before, above the limit: held until the undo, which a person decided.
    instance.instance.delete(clerk_ids[0])
    [held] = keep(engine, sender, deletion(sender, clerk_ids[0]))
    assert worker.apply(engine, [held], Role.LEARNER, limit=none).held == 1
    begin(engine, this)
    overtaken = Overtaken(instance.key, instance.url)
    with engine.begin() as connection:  # as if it was killed before: the hold is open, and the user is gone
        keycloak_undo.begin(connection, this.run, this.keys[0], clerk_ids[0], spares=False)
    assert undo_of(engine, backend, this, overtaken).run_all().counts == {Outcome.UNDONE: 3}
    overtaken.close()
    assert rows(engine, "select clerk_id, outcome from deletion_holds") == [(clerk_ids[0], "released")]
    assert values(engine, "select coalesce(sum(deletions), 0) from deletion_counts") == [0]
    sent = keep(engine, sender, deletion(sender, "user_eve"))
    assert worker.apply(engine, sent, Role.LEARNER, limit=none).held == 1
    assert values(engine, "select status from webhook_events where svix_id = %s", held) == ["applied"]


def test_a_user_who_was_never_seen_here_is_deleted_and_stays_so(
    engine: Engine,
    database: Database,
    sender: Clerk,
    instance: ServedClerk,
    backend: Backend,
    writer: UserWriter,
    move: Callable[..., Move],
) -> None:
    for at in range(1, MOST_POINTS):
        this = move()
        assert is_killed(this.make, database, instance, at)
        created = at_clerk(instance, this.keys[0])
        if created:
            break
    assert created
    late = sender.send(event("user.created", created.as_json))
    assert rows(engine, "select state from keycloak_imports where keycloak_id = %s", *this.keys) == [("creating",)]
    assert undo(engine, backend, this, writer).counts == {Outcome.UNDONE: 1}
    assert at_clerk(instance, this.keys[0]) is None
    apply(engine, sender, late)
    assert rows(engine, "select deleted_at is null from users where clerk_id = %s", created.id) == [(False,)]


def test_a_user_who_was_never_created_is_undone_without_a_deletion_and_not_imported_any_more(
    engine: Engine, instance: ServedClerk, backend: Backend, writer: UserWriter, move: Callable[..., Move]
) -> None:
    this = move()
    creating(engine, this.run, *this.keys)
    assert undo(engine, backend, this, writer).counts == {Outcome.UNDONE: 1}
    assert actions(engine) == ["keycloak.undo_started"]
    assert this.make(engine, writer).states == {}
    assert instance.instance.state.users == {}


def test_a_newer_plan_creates_the_same_person_again(
    engine: Engine,
    sender: Clerk,
    instance: ServedClerk,
    backend: Backend,
    writer: UserWriter,
    move: Callable[..., Move],
) -> None:
    this = move()
    [before] = imported(engine, instance, this, writer)
    undo(engine, backend, this, writer)
    again = Move(plan(engine, planned(this.keys[0], LEARNER), realm=this.run.realm), this.path, this.keys)
    assert again.make(engine, writer).states == {State.APPLIED: 1}
    [after] = [each.id for each in instance.instance.state.users.values()]
    echo(engine, sender, instance, this.keys[0])
    assert after != before
    assert values(engine, "select clerk_id from current_roles") == [after]
    assert undo(engine, backend, this, writer).counts == {}


def test_the_trail_names_who_did_it_and_why(
    engine: Engine, instance: ServedClerk, backend: Backend, writer: UserWriter, move: Callable[..., Move]
) -> None:
    this = move()
    imported(engine, instance, this, writer)
    undo(engine, backend, this, writer)
    lines = "select action, actor, reason, cause from audit_log where actor <> 'clerk' order by id"
    cause = f"keycloak_{this.run.id}"
    assert rows(engine, lines) == [
        (action, "operator:grace", "The wrong map.", cause)
        for action in ("keycloak.undo_started", "user.deleted", "role.revoked")
    ]


class Late(UserWriter):
    """Something happens right before the request to create a user."""

    meanwhile: Callable[[], object]

    def create_user(self, fields: Mapping[str, object]) -> Snapshot | WriteRefused:
        self.meanwhile()
        return super().create_user(fields)


def test_an_import_that_still_runs_creates_no_user_after_the_undoing_began(
    engine: Engine, instance: ServedClerk, backend: Backend, writer: UserWriter, move: Callable[..., Move]
) -> None:
    this = move(2)
    importer = replace(this.importer(engine, writer), before=partial(begin, engine, this))
    with pytest.raises(ImportEnded):
        importer.import_users(export.open_export(this.path).users(), 2)
    assert instance.instance.state.users == {}
    assert undo(engine, backend, this, writer).counts == {Outcome.UNDONE: 1}
    assert values(engine, "select state from keycloak_imports") == ["undone"]


def test_a_user_whose_creation_was_asked_for_before_the_undoing_is_waited_for(
    engine: Engine, instance: ServedClerk, backend: Backend, writer: UserWriter, move: Callable[..., Move]
) -> None:
    this, late, waits = move(), Late(instance.key, instance.url), Event()
    undone: list[Undone] = []

    def take_back() -> None:
        work = undo_of(engine, backend, this, writer, settle_seconds=4)
        undone.append(work.run_all(waits=lambda _: waits.set()))

    undoing = Thread(target=take_back)

    def meanwhile() -> None:
        begin(engine, this)
        undoing.start()
        assert waits.wait(30)

    late.meanwhile = meanwhile
    this.make(engine, late)
    late.close()
    undoing.join()
    assert [each.counts for each in undone] == [{Outcome.UNDONE: 1}]
    assert instance.instance.state.users == {}
    assert values(engine, "select state from keycloak_imports") == ["undone"]
    assert values(engine, "select count(*) from current_roles") == [0]


def test_a_user_who_is_created_long_after_the_undoing_is_to_be_undone_again(
    engine: Engine, instance: ServedClerk, backend: Backend, writer: UserWriter, move: Callable[..., Move]
) -> None:
    this, late = move(), Late(instance.key, instance.url)
    late.meanwhile = lambda: undo(engine, backend, this, writer)
    assert this.make(engine, late).states == {State.CREATED: 1}
    late.close()
    assert values(engine, "select assigned_by from user_roles") == ["akako"]
    assert undo(engine, backend, this, writer).counts == {Outcome.UNDONE: 1}
    assert instance.instance.state.users == {}


def test_a_user_who_was_taken_for_another_one_is_deleted_if_the_run_created_it(
    engine: Engine, instance: ServedClerk, backend: Backend, writer: UserWriter, move: Callable[..., Move]
) -> None:
    ours, theirs = move(), move()
    forgetful = Forgetful(instance.key, instance.url)
    assert ours.make(engine, forgetful).states == {State.REFUSED: 1}
    forgetful.close()
    other = writer.create_user(
        {"external_id": theirs.keys[0], "username": "eve_other", "skip_password_requirement": True}
    )
    assert isinstance(other, Snapshot)
    assert theirs.make(engine, writer).states == {State.REFUSED: 1}
    assert undo(engine, backend, ours, writer).counts == {Outcome.UNDONE: 1}
    assert undo(engine, backend, theirs, writer).counts == {}
    assert rows(engine, STATES) == [(ours.keys[0], "undone"), (theirs.keys[0], "refused")]
    assert list(instance.instance.state.users) == [other.clerk_id]


def test_a_user_who_is_spared_before_a_newer_plan_gave_roles_has_not_got_them(
    engine: Engine, instance: ServedClerk, backend: Backend, writer: UserWriter, move: Callable[..., Move]
) -> None:
    this = move()
    imported(engine, instance, this, writer)
    undo(engine, backend, this, writer)
    again = plan(engine, planned(this.keys[0], LEARNER), realm=this.run.realm)
    creating(engine, again, *this.keys)
    with engine.begin() as connection:
        assert keycloak_undo.begin(connection, again, this.keys[0], "user_new", spares=True)
        keycloak_undo.spare(connection, again, this.keys[0], "user_new")
    assert values(engine, "select state from keycloak_imports") == ["created"]


def test_a_user_that_clerk_refused_because_of_another_one_stays_refused(
    engine: Engine, instance: ServedClerk, backend: Backend, writer: UserWriter, move: Callable[..., Move]
) -> None:
    this = move()
    address = f"person-{int(this.keys[0][-12:])}@school.org"
    assert isinstance(writer.create_user({"email_address": [address], "skip_password_requirement": True}), Snapshot)
    assert this.make(engine, writer).states == {State.REFUSED: 1}
    begin(engine, this)
    work = undo_of(engine, backend, this, writer, settle_seconds=1_000)  # nothing is waited for
    assert work.preview().counts == work.run_all().counts == {Outcome.REFUSED: 1}
    assert rows(engine, STATES) == [(this.keys[0], "refused")]


def test_a_user_who_signed_in_before_the_import_saw_it_is_spared(
    engine: Engine, instance: ServedClerk, backend: Backend, writer: UserWriter, move: Callable[..., Move]
) -> None:
    this, forgetful = move(), Forgetful(instance.key, instance.url)
    this.make(engine, forgetful)
    forgetful.close()
    creating(engine, this.run, *this.keys)
    [user_] = instance.instance.state.users.values()
    now = instance.instance.now()
    instance.instance.put(touch(user_, now, last_sign_in_at=now), event=None)
    assert undo(engine, backend, this, writer).spared == [(this.keys[0], Outcome.SIGNED_IN)]
    assert rows(engine, "select state, clerk_id from keycloak_imports") == [("created", user_.id)]


def test_undoing_ends_when_the_move_ends(
    engine: Engine, instance: ServedClerk, backend: Backend, writer: UserWriter, move: Callable[..., Move]
) -> None:
    this = move()
    imported(engine, instance, this, writer)
    begin(engine, this)
    newer = plan(engine, planned(this.keys[0], LEARNER), realm=this.run.realm)
    with as_owner(engine) as connection:
        assert keycloak_decisions.cut_over(connection, newer, AUTHOR)
    with pytest.raises(RealmCutOver):
        undo_of(engine, backend, this, writer).run_all()
    assert at_clerk(instance, this.keys[0]) is not None


def test_a_refused_user_whose_deletion_is_answered_too_late_is_undone(
    engine: Engine, instance: ServedClerk, backend: Backend, move: Callable[..., Move]
) -> None:
    class Silent(UserWriter):
        """The first response to a deletion is lost."""

        lost = False

        def delete(self, clerk_id: str) -> bool:
            deleted = super().delete(clerk_id)
            if not self.lost:
                self.lost = True
                raise ClerkUnavailable("for a test")
            return deleted

    this, forgetful, silent = move(), Forgetful(instance.key, instance.url), Silent(instance.key, instance.url)
    this.make(engine, forgetful)
    forgetful.close()
    assert undo(engine, backend, this, silent).counts == {Outcome.UNDONE: 1}
    silent.close()
    assert rows(engine, STATES) == [(this.keys[0], "undone")]


def test_a_newer_plan_leaves_a_refused_user_that_exists_to_the_undoing(
    engine: Engine, instance: ServedClerk, backend: Backend, writer: UserWriter, move: Callable[..., Move]
) -> None:
    this, forgetful = move(), Forgetful(instance.key, instance.url)
    this.make(engine, forgetful)
    forgetful.close()
    begin(engine, this)
    again = Move(plan(engine, planned(this.keys[0], LEARNER), realm=this.run.realm), this.path, this.keys)
    assert again.make(engine, writer).states == {State.REFUSED: 1}
    with engine.connect() as connection:
        assert keycloak_imports.unsuccessful(connection, again.run, 9) == [(this.keys[0], "refused", "plan_undone")]
    assert undo_of(engine, backend, this, writer).run_all().counts == {Outcome.UNDONE: 1}
    assert again.make(engine, writer).states == {State.APPLIED: 1}
