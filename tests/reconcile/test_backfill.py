"""All users of Clerk are imported, whatever happens meanwhile, and a missing one is reported."""

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine

from akako_guard.role import Role
from clerk.backend import Backend, UserPage
from clerk.http import ClerkUnavailable
from db import walks
from db.walks import Phase, Walk
from reconcile import backfill, reading
from reconcile.backfill import Backfill
from reconcile.pace import Pace
from reconcile.reading import Reader
from tests.clerk_sender import Clerk, user
from tests.ledger import apply, values
from tests.local_server import Answer, serving
from tests.reconcile.keycloak_moves import is_killed
from tests.served_clerk import ServedClerk
from tests.servers import Database

pytestmark = pytest.mark.recovery

LIVING = "select clerk_id from users where deleted_at is null order by clerk_id"
CAUSES = "select distinct cause from audit_log where action = 'user.created'"


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_USERS", 4)
    monkeypatch.setattr(reading, "LEAST_USERS", 1)


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def importing(engine: Engine, backend: Backend) -> Callable[..., Walk]:
    """Imports; `meanwhile(walk)` is called after each page."""

    def run(
        walk: Walk | None = None, *, dry_run: bool = False, meanwhile: Callable[[Walk], None] = lambda _: None
    ) -> Walk:
        walk = walk or begun(engine, backend)
        return job(engine, backend, meanwhile, dry_run=dry_run).run(walk)

    return run


def begun(engine: Engine, backend: Backend) -> Walk:
    with engine.begin() as connection:
        return walks.start(connection, backend.instance().id, backend.count())


def job(
    engine: Engine,
    backend: Backend,
    saved: Callable[[Walk], None] = lambda _: None,
    *,
    before_request: Callable[[], None] = lambda: None,
    **options: Any,
) -> Backfill:
    reader = Reader(engine, backend, Pace(1_000_000), before_request)
    return Backfill(engine=engine, reader=reader, default_role=Role.LEARNER, saved=saved, **options)


def once(act: Callable[[], object], when: Callable[[Walk], bool] = lambda _: True) -> Callable[[Walk], None]:
    """Act after the first page for which the condition holds."""
    done: list[bool] = []

    def meanwhile(walk: Walk) -> None:
        if not done and when(walk):
            done.append(True)
            act()

    return meanwhile


def test_all_users_are_imported_with_the_default_role_and_lines_that_name_the_walk(
    engine: Engine, clerk: ServedClerk, importing: Callable[..., Walk]
) -> None:
    ids = clerk.create(10)
    walk = importing()
    assert (walk.outcome, walk.seen, walk.created, walk.count_after) == ("complete", 10, 10, 10)
    assert values(engine, LIVING) == sorted(ids)
    assert values(engine, "select count(*) from current_roles where role = 'LEARNER'") == [10]
    assert values(engine, CAUSES) == [backfill.cause(walk)]


def test_an_empty_instance_is_complete(clerk: ServedClerk, importing: Callable[..., Walk]) -> None:
    walk = importing()
    assert (walk.outcome, walk.seen) == ("complete", 0)


def test_a_second_import_changes_nothing(engine: Engine, clerk: ServedClerk, importing: Callable[..., Walk]) -> None:
    clerk.create(5)
    importing()
    lines = values(engine, "select count(*) from audit_log")
    walk = importing()
    assert (walk.outcome, walk.created, walk.updated) == ("complete", 0, 0)
    assert values(engine, "select count(*) from audit_log") == lines


def test_users_who_are_unchanged_are_not_locked(
    engine: Engine, clerk: ServedClerk, importing: Callable[..., Walk]
) -> None:
    clerk.create(5)
    importing()
    with engine.begin() as other:
        other.exec_driver_sql("select from users for update")
        walk = importing()
    assert (walk.outcome, walk.unchanged) == ("complete", 5)


def test_a_user_of_the_same_version_with_other_contents_is_updated(
    engine: Engine, clerk: ServedClerk, importing: Callable[..., Walk]
) -> None:
    ids = clerk.create(5)
    importing()
    known = clerk.instance.state.users[ids[1]]
    clerk.instance.state.users[ids[1]] = replace(known, first_name="Zoe")
    walk = importing()
    assert (walk.outcome, walk.updated, walk.unchanged) == ("complete", 1, 4)
    assert values(engine, "select clerk_id from users where first_name = 'Zoe'") == [ids[1]]


def test_a_dry_run_says_what_would_change_and_writes_nothing(
    engine: Engine, clerk: ServedClerk, backend: Backend, importing: Callable[..., Walk]
) -> None:
    clerk.create(6)
    walk = importing(replace(begun(engine, backend), id=0), dry_run=True)
    assert (walk.outcome, walk.seen) == ("complete", 6)
    assert values(engine, LIVING) == []
    assert values(engine, "select outcome from walks") == [None]


@pytest.mark.parametrize("page", range(6))
def test_an_import_that_was_killed_after_any_page_is_continued_to_the_same_end(
    engine: Engine, clerk: ServedClerk, backend: Backend, importing: Callable[..., Walk], page: int
) -> None:
    ids = clerk.create(14)
    walk, pages = begun(engine, backend), []

    def kill(saved: Walk) -> None:
        pages.append(saved)
        if len(pages) > page:
            raise Killed

    with pytest.raises(Killed):
        importing(walk, meanwhile=kill)
    with engine.begin() as connection:
        found = walks.unfinished(connection, backend.instance().id)
    assert found
    assert found.seen <= 14
    walk = importing(found)
    assert (walk.outcome, walk.seen) == ("complete", 14)
    assert values(engine, LIVING) == sorted(ids)
    assert values(engine, "select count(*) from audit_log where action = 'user.created'") == [14]


def test_a_user_created_meanwhile_is_imported(
    engine: Engine, clerk: ServedClerk, importing: Callable[..., Walk]
) -> None:
    clerk.create(6)
    walk = importing(meanwhile=once(clerk.create, lambda walk: walk.phase is Phase.UPDATES))
    assert (walk.outcome, walk.seen) == ("complete", 7)
    assert len(values(engine, LIVING)) == 7


def test_a_user_created_meanwhile_with_an_earlier_creation_time_is_imported(
    engine: Engine, clerk: ServedClerk, importing: Callable[..., Walk]
) -> None:
    clerk.create(6)
    walk = importing(meanwhile=once(lambda: clerk.create(created_at="2020-01-01T00:00:00Z")))
    assert (walk.outcome, walk.seen) == ("complete", 7)
    assert len(values(engine, LIVING)) == 7


def test_a_user_deleted_meanwhile_does_not_come_back(
    engine: Engine, clerk: ServedClerk, importing: Callable[..., Walk]
) -> None:
    ids = clerk.create(9)
    walk = importing(meanwhile=once(lambda: clerk.instance.delete(ids[0])))
    assert walk.outcome == "complete"
    assert walk.count_after == 8


def test_when_the_user_of_the_cursor_is_deleted_the_walk_goes_on_from_an_earlier_one(
    engine: Engine, clerk: ServedClerk, importing: Callable[..., Walk]
) -> None:
    ids = clerk.create(11)
    walk = importing(meanwhile=once(lambda: clerk.instance.delete(ids[3])))
    assert (walk.outcome, walk.seen) == ("complete", 11)
    assert set(ids) - {ids[3]} <= set(map(str, values(engine, LIVING)))


def test_when_many_users_around_the_cursor_are_deleted_the_walk_starts_again(
    engine: Engine, clerk: ServedClerk, importing: Callable[..., Walk]
) -> None:
    ids = clerk.create(11)
    walk = importing(meanwhile=once(lambda: [clerk.instance.delete(each) for each in ids[:4]]))
    assert walk.outcome == "complete"
    assert set(ids[4:]) <= set(map(str, values(engine, LIVING)))


def test_pages_that_are_too_large_are_halved(
    engine: Engine, clerk: ServedClerk, importing: Callable[..., Walk], monkeypatch: pytest.MonkeyPatch
) -> None:
    clerk.create(9)
    monkeypatch.setattr("clerk.backend.MOST_PAGE_BYTES", 4_500)
    walk = importing()
    assert (walk.outcome, walk.seen) == ("complete", 9)


@pytest.mark.parametrize("kind", ["rate-limited", "server-error", "cut-off"])
def test_failures_that_pass_are_survived(
    engine: Engine, clerk: ServedClerk, backend: Backend, importing: Callable[..., Walk], kind: str
) -> None:
    clerk.create(9)
    walk = begun(engine, backend)
    clerk.fail(kind, path="/v1/users")
    walk = importing(walk)
    assert (walk.outcome, walk.seen) == ("complete", 9)


def test_a_wrong_key_ends_the_import_at_once(engine: Engine, clerk: ServedClerk) -> None:
    wrong = Backend("sk_test_wrong", clerk.url)
    with engine.begin() as connection:
        walk = walks.start(connection, "ins_1", 0)
    with pytest.raises(ClerkUnavailable, match="status 401"):
        job(engine, wrong).run(walk)
    wrong.close()


def test_an_instance_that_suddenly_has_no_users_makes_the_import_incomplete(
    engine: Engine, clerk: ServedClerk, backend: Backend, importing: Callable[..., Walk]
) -> None:
    clerk.create(3)
    walk = begun(engine, backend)
    clerk.fail("empty-instance", times=None)
    walk = importing(walk)
    assert (walk.outcome, walk.count_after) == ("incomplete", 0)
    assert walk.reason == "Clerk counts 3 users, and 0 were seen"


def test_one_empty_page_is_not_believed(
    engine: Engine, clerk: ServedClerk, backend: Backend, importing: Callable[..., Walk]
) -> None:
    ids = clerk.create(3)
    walk = begun(engine, backend)
    clerk.fail("empty-instance", path="/v1/users")
    walk = importing(walk)
    assert (walk.outcome, walk.seen) == ("complete", 3)
    assert values(engine, LIVING) == sorted(ids)


def test_a_version_in_the_future_is_reported_and_the_others_are_imported(
    engine: Engine, clerk: ServedClerk, importing: Callable[..., Walk]
) -> None:
    ids = clerk.create(5)
    broken = clerk.instance.state.users[ids[2]]
    clerk.instance.state.users[ids[2]] = replace(broken, updated_at=broken.updated_at + 3_600_000)
    walk = importing()
    assert walk.outcome == "incomplete"
    assert walk.reason
    assert "could not be read or applied" in walk.reason
    assert values(engine, LIVING) == sorted(set(ids) - {ids[2]})


def test_a_user_deleted_here_that_clerk_still_lists_stays_deleted(
    engine: Engine, clerk: ServedClerk, importing: Callable[..., Walk]
) -> None:
    (clerk_id,) = clerk.create()
    sender = Clerk()
    apply(engine, sender, sender.deleted(clerk_id))
    walk = importing()
    assert (walk.outcome, walk.deleted, walk.created) == ("complete", 1, 0)
    assert values(engine, LIVING) == []


def test_a_cursor_that_is_always_lost_ends_the_import(
    engine: Engine, clerk: ServedClerk, importing: Callable[..., Walk]
) -> None:
    clerk.create(9)
    clerk.fail("vanished-cursor", times=None)
    with pytest.raises(ClerkUnavailable, match="do not advance"):
        importing(meanwhile=limited(40))


@pytest.mark.parametrize(
    "entries",
    [
        [{"id": f"user_{number}", "updated_at": 1_700_000_000_000, "created_at": number} for number in range(4)],
        [{"id": number, "updated_at": 1_700_000_000_000} for number in range(4)],
        [{}, {}, {}, {}],
    ],
)
def test_a_page_that_is_repeated_forever_ends_the_import(
    engine: Engine, clerk: ServedClerk, entries: list[dict[str, object]]
) -> None:
    with engine.begin() as connection:
        walk = walks.start(connection, "ins_1", 9)
    with (
        serving(Answer(json.dumps(entries).encode())) as repeating,
        closing(Backend("sk_test_1", repeating.url)) as backend,
        pytest.raises(ClerkUnavailable, match="do not advance"),
    ):
        job(engine, backend, limited(40)).run(walk)


def test_pages_in_a_circle_end_the_import(engine: Engine, clerk: ServedClerk) -> None:
    first, second = (
        Answer(json.dumps([user(f"user_{page}{number}") for number in range(4)]).encode()) for page in range(2)
    )
    with engine.begin() as connection:
        walk = walks.start(connection, "ins_1", 8)
    with (
        serving(*[first, second] * 100) as circling,
        closing(Backend("sk_test_1", circling.url)) as backend,
        pytest.raises(ClerkUnavailable),
    ):
        job(engine, backend, limited(60)).run(walk)


def limited(pages: int) -> Callable[[Walk], None]:
    """Fails a walk that would not end by itself."""
    left = iter(range(pages))

    def saved(_: Walk) -> None:
        assert next(left, None) is not None, "the walk does not end"

    return saved


def test_users_that_are_read_again_after_a_lost_cursor_are_counted_once_if_the_import_is_killed_then(
    engine: Engine, clerk: ServedClerk, backend: Backend, importing: Callable[..., Walk]
) -> None:
    clerk.create(24)
    walk, pages = begun(engine, backend), []

    def act(saved: Walk) -> None:
        pages.append(saved)
        if len(pages) == 4:
            clerk.fail("vanished-cursor", times=reading.MOST_LOST + 1)
        if len(pages) == 5:
            raise Killed

    with pytest.raises(Killed):
        importing(walk, meanwhile=act)
    with engine.begin() as connection:
        found = walks.unfinished(connection, backend.instance().id)
    assert found
    assert found.seen == 16
    walk = importing(found)
    assert (walk.outcome, walk.seen) == ("complete", 24)


def test_a_deletion_does_not_hide_a_user_who_is_created_before_the_users_are_counted(
    engine: Engine, clerk: ServedClerk, backend: Backend
) -> None:
    ids = clerk.create(6)

    class Changing(Backend):
        def count(self) -> int:
            if len(ids) == 6:
                ids.extend(clerk.create())
                clerk.instance.delete(ids[0])
            return super().count()

    walk = begun(engine, backend)
    with closing(Changing(clerk.key, clerk.url)) as changing:
        walk = job(engine, changing).run(walk)
    assert walk.outcome == "complete"
    assert ids[-1] in values(engine, LIVING)


def test_an_import_whose_lease_was_lost_saves_nothing(engine: Engine, clerk: ServedClerk, backend: Backend) -> None:
    clerk.create(6)
    walk = begun(engine, backend)
    lost: list[bool] = []

    def renew() -> None:
        if lost:
            raise Killed

    class Suspended(Backend):
        def users_after(self, cursor: str | None, limit: int) -> UserPage:
            page = super().users_after(cursor, limit)
            lost.append(True)
            with engine.begin() as connection:
                walks.save(connection, replace(walk, phase=Phase.ENDED, outcome="complete", seen=6))
            return page

    with closing(Suspended(clerk.key, clerk.url)) as suspended, pytest.raises(Killed):
        job(engine, suspended, before_request=renew).run(walk)
    assert values(engine, "select phase || seen from walks") == ["ended6"]


def test_when_the_cursor_is_lost_among_users_with_the_same_creation_time_all_are_counted(
    engine: Engine, clerk: ServedClerk, importing: Callable[..., Walk]
) -> None:
    ids = clerk.create(11, created_at="2024-01-01T00:00:00Z")
    cursor = sorted(ids)[3]
    walk = importing(meanwhile=once(lambda: clerk.instance.delete(cursor)))
    assert (walk.outcome, walk.seen) == ("complete", 11)


def test_updates_that_clerk_does_not_answer_about_make_the_import_incomplete(
    engine: Engine, backend: Backend, clerk: ServedClerk
) -> None:
    class Shallow(Backend):
        def last_updated(self, offset: int, limit: int) -> UserPage:
            if offset:
                raise ClerkUnavailable("status 504", transient=False)
            return super().last_updated(offset, limit)

    clerk.create(6)
    with closing(Shallow(clerk.key, clerk.url)) as shallow:
        ended = job(engine, shallow).run(begun(engine, backend))
    assert ended.outcome == "incomplete"
    assert "Clerk does not answer about the updates from 4 on" in str(ended.reason)


def test_killed_at_any_commit_and_continued_it_comes_to_the_same_end(
    engine: Engine, backend: Backend, clerk: ServedClerk, database: Database
) -> None:
    ids = clerk.create(11)
    begun(engine, backend)

    def work(pool: Engine, _: object) -> None:
        with pool.begin() as connection:
            walk = walks.unfinished(connection, clerk.id)
        if walk:
            job(pool, Backend(clerk.key, clerk.url)).run(walk)

    killed = [is_killed(work, database, clerk, at) for at in range(1, 30)]
    assert killed.count(True) >= 8  # pages, and what is saved of each
    with engine.begin() as connection:
        ended = walks.last(connection, walks.BACKFILL)
    assert ended
    assert (ended.outcome, ended.seen) == ("complete", 11)
    assert values(engine, LIVING) == sorted(ids)
    assert values(engine, "select count(*) from audit_log") == [22]
