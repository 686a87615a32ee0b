import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event
from starlette.testclient import TestClient

from akako_guard.database.callers import KnownUser
from akako_guard.database.engine import connect
from akako_guard.lookup import Lookup, LookupUnavailable
from tests import lms, people
from tests.clerk_signs_in import ADA, Instance
from tests.dev.groups import until
from tests.ledger import values
from tests.sdk.lines import captured
from tests.servers import Database, demoted

UNREACHABLE = "postgresql://akako:akako@127.0.0.1:1/akako"


@pytest.fixture
def lookup(database: Database) -> Iterator[Lookup]:
    """A lookup on the test's database."""
    made = Lookup(connect(database.app_url, "guard", connections=1), seconds=30)
    yield made
    made.close()


def sessions(engine: Engine) -> list[int]:
    """The process ids of the guard's sessions in PostgreSQL."""
    query = "select pid from pg_stat_activity where datname = current_database() and application_name = 'akako guard'"
    return values(engine, query)


@contextmanager
def locked(database: Database) -> Iterator[None]:
    """Block all reads of users, to simulate a database that hangs."""
    with psycopg.connect(database.superuser_url) as other:
        other.execute("lock table users")
        yield
        other.rollback()


def ask(lookup: Lookup, *clerk_ids: str) -> list[KnownUser | LookupUnavailable | None]:
    """The results of concurrent lookups."""

    async def together() -> list[KnownUser | BaseException | None]:
        return await asyncio.gather(*(lookup.find(clerk_id) for clerk_id in clerk_ids), return_exceptions=True)

    answers = asyncio.run(together())
    assert not [answer for answer in answers if not isinstance(answer, KnownUser | LookupUnavailable | None)]
    return answers  # type: ignore[return-value]  # as just asserted


def test_concurrent_lookups_each_get_their_own_result(engine: Engine, lookup: Lookup) -> None:
    for number in range(100):
        people.add(engine, f"user_{number}")
    requested = [f"user_{number}" for number in range(200) for _ in range(3)]
    answers = ask(lookup, *requested)
    assert [isinstance(one, KnownUser) and one.clerk_id for one in answers] == [
        clerk_id if int(clerk_id.removeprefix("user_")) < 100 else False for clerk_id in requested
    ]


def test_a_query_starts_after_the_requests_it_answers_arrived(engine: Engine, lookup: Lookup) -> None:
    assert ask(lookup, ADA) == [None]
    ada = people.add(engine, ADA)
    (found,) = ask(lookup, ADA)
    assert isinstance(found, KnownUser)
    assert found.id == ada.id


def test_all_lookups_share_one_connection(engine: Engine, lookup: Lookup) -> None:
    for _ in range(3):
        ask(lookup, *(f"user_{number}" for number in range(500)))
    assert len(sessions(engine)) == 1


def test_lookups_above_the_queue_limit_fail_immediately(database: Database) -> None:
    lookup = Lookup(connect(database.app_url, "guard", connections=1), seconds=0.5, most_waiting=10)
    with locked(database):
        answers = ask(lookup, *[ADA] * 500)
    lookup.close()
    whys = [str(answer) for answer in answers]
    assert whys.count("too_many_waiting") >= 480
    assert set(whys) == {"too_many_waiting", "slow"}


def test_lookups_recover_after_the_database_hung(database: Database, engine: Engine) -> None:
    lookup = Lookup(connect(database.app_url, "guard", connections=1, statement_seconds=1), seconds=0.3)
    people.add(engine, ADA)
    with locked(database):
        assert [str(answer) for answer in ask(lookup, ADA)] == ["slow"]
    (found,) = ask(lookup, ADA)
    lookup.close()
    assert isinstance(found, KnownUser)


def test_a_lost_connection_is_replaced_without_an_error(database: Database, lookup: Lookup) -> None:
    ask(lookup, ADA)
    with psycopg.connect(database.superuser_url, autocommit=True) as other:
        ended = other.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where application_name = 'akako guard' and datname = current_database()"
        )
        assert ended.fetchall() == [(True,)]
    assert ask(lookup, ADA) == [None]


def test_the_results_of_a_demoted_server_are_not_used(database: Database, engine: Engine, lookup: Lookup) -> None:
    people.add(engine, ADA)
    ask(lookup, ADA)
    with demoted(database), captured() as logs:
        until(lambda: [str(answer) for answer in ask(lookup, ADA)] == ["NotPrimary"])
        assert [str(answer) for answer in ask(lookup, "user_none")] == ["NotPrimary"]
    until(lambda: isinstance(ask(lookup, ADA)[0], KnownUser))
    assert "primary" in logs[0]["next_step"]


def test_lookups_move_to_the_new_primary_without_an_error(database: Database, engine: Engine, lookup: Lookup) -> None:
    people.add(engine, ADA)
    ask(lookup, ADA)
    first = sessions(engine)
    answers: list[KnownUser | LookupUnavailable | None] = []

    def reconnected() -> bool:
        answers.extend(ask(lookup, ADA))
        return sessions(engine) != first

    with demoted(database, in_favour_of_new_connections=True):
        until(reconnected)
    assert {type(answer) for answer in answers} == {KnownUser}


MIXED_UP = {
    "no row": "select false, 'user_ada', 1, 'x', 'x', 'x', false, false, array['ADMIN'] limit 0",
    "another user's row": "select false, 'user_bea', 1, 'x', 'x', 'x', false, false, array['ADMIN']",
    "another user's absence": "select false, 'user_bea', null, null, null, null, null, null, null",
    "two rows": "select false, 'user_ada', null, null, null, null, null, null, null from generate_series(1, 2)",
    "other columns": "select 1",
    "no rows at all": "update users set updated_at = now() where false",
    "nothing": "",
}


@pytest.mark.parametrize("other", MIXED_UP.values(), ids=MIXED_UP)
def test_a_result_of_another_query_does_not_make_a_user_unknown(database: Database, engine: Engine, other: str) -> None:
    """A pooler that mixes up prepared statements makes the server execute another client's statement."""
    people.add(engine, ADA)
    guard = connect(database.app_url, "guard", connections=1)
    lookup = Lookup(guard, seconds=30)

    @event.listens_for(guard, "before_cursor_execute", retval=True)
    def mix_up(*call: Any) -> tuple[str, Any]:
        return other, None

    (mixed_up,) = ask(lookup, ADA)
    event.remove(guard, "before_cursor_execute", mix_up)
    (found,) = ask(lookup, ADA)
    lookup.close()

    assert isinstance(mixed_up, LookupUnavailable)
    assert isinstance(found, KnownUser)


def test_a_closed_lookup_is_unavailable(lookup: Lookup) -> None:
    ask(lookup, ADA)
    lookup.close()
    assert [str(answer) for answer in ask(lookup, ADA)] == ["too_many_waiting"]


def test_while_the_database_is_unavailable_only_guarded_pages_are_503(instance: Instance) -> None:
    with lms.serving(UNREACHABLE, instance) as platform, captured() as logs:
        headers = lms.bearer(instance.token())
        answers = [platform.get(path, headers=headers) for path in ("/me", "/either", "/files/1") for _ in range(5)]
        assert platform.get("/", headers=headers).status_code == 200
        assert platform.get("/welcome", headers=headers).status_code == 200
        assert platform.get("/me", headers=lms.bearer("garbage")).status_code == 401
    assert {(answer.status_code, answer.text) for answer in answers} == {(503, '{"error":"Unavailable"}')}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)
    assert [line["event"] for line in logs].count("callers.not_found") <= 2


def test_a_database_that_hangs_is_503_after_the_timeout(
    database: Database, platform: TestClient, instance: Instance
) -> None:
    with lms.serving(database, instance, guard_timeout_seconds=0.5) as hasty, locked(database):
        assert hasty.get("/me", headers=lms.bearer(instance.token())).status_code == 503
