import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from access.lookup import Lookup, LookupUnavailable
from db.callers import KnownUser
from db.engine import connect
from tests import lms, people
from tests.clerk_signs_in import ADA, Instance
from tests.dev.groups import until
from tests.ledger import values
from tests.servers import Database, demoted

NOBODY = "postgresql://akako:akako@127.0.0.1:1/akako"


@pytest.fixture
def lookup(database: Database) -> Iterator[Lookup]:
    """A look-up on the test's database."""
    made = Lookup(connect(database.app_url, "guard", connections=1), seconds=30)
    yield made
    made.close()


def sessions(engine: Engine) -> list[int]:
    """The guard's sessions, as the server knows them."""
    query = "select pid from pg_stat_activity where datname = current_database() and application_name = 'akako guard'"
    return values(engine, query)


@contextmanager
def locked(database: Database) -> Iterator[None]:
    """Nobody reads the users, as when the database has come to a stand."""
    with psycopg.connect(database.superuser_url) as other:
        other.execute("lock table users")
        yield
        other.rollback()


def ask(lookup: Lookup, *clerk_ids: str) -> list[KnownUser | LookupUnavailable | None]:
    """What callers that come at once get to know."""

    async def together() -> list[KnownUser | BaseException | None]:
        return await asyncio.gather(*(lookup.find(clerk_id) for clerk_id in clerk_ids), return_exceptions=True)

    answers = asyncio.run(together())
    assert not [answer for answer in answers if not isinstance(answer, KnownUser | LookupUnavailable | None)]
    return answers  # type: ignore[return-value]  # as just asserted


def test_many_who_come_at_once_each_get_their_own_answer(engine: Engine, lookup: Lookup) -> None:
    for number in range(100):
        people.add(engine, f"user_{number}")
    asked = [f"user_{number}" for number in range(200) for _ in range(3)]
    answers = ask(lookup, *asked)
    assert [isinstance(one, KnownUser) and one.clerk_id for one in answers] == [
        clerk_id if int(clerk_id.removeprefix("user_")) < 100 else False for clerk_id in asked
    ]


def test_a_query_begins_after_those_it_answers_have_come(engine: Engine, lookup: Lookup) -> None:
    assert ask(lookup, ADA) == [None]
    ada = people.add(engine, ADA)
    (found,) = ask(lookup, ADA)
    assert isinstance(found, KnownUser)
    assert found.id == ada.id


def test_one_connection_serves_however_many_come(engine: Engine, lookup: Lookup) -> None:
    for _ in range(3):
        ask(lookup, *(f"user_{number}" for number in range(500)))
    assert len(sessions(engine)) == 1


def test_too_many_who_wait_are_turned_away_at_once(database: Database) -> None:
    lookup = Lookup(connect(database.app_url, "guard", connections=1), seconds=0.5, most_waiting=10)
    with locked(database):
        answers = ask(lookup, *[ADA] * 500)
    lookup.close()
    whys = [str(answer) for answer in answers]
    assert whys.count("too_many_waiting") >= 480
    assert set(whys) == {"too_many_waiting", "slow"}


def test_after_a_stand_still_it_answers_again(database: Database, engine: Engine) -> None:
    lookup = Lookup(connect(database.app_url, "guard", connections=1, statement_seconds=1), seconds=0.3)
    people.add(engine, ADA)
    with locked(database):
        assert [str(answer) for answer in ask(lookup, ADA)] == ["slow"]
    (found,) = ask(lookup, ADA)
    lookup.close()
    assert isinstance(found, KnownUser)


def test_a_lost_connection_is_replaced_without_anybody_noticing(database: Database, lookup: Lookup) -> None:
    ask(lookup, ADA)
    with psycopg.connect(database.superuser_url, autocommit=True) as other:
        ended = other.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where application_name = 'akako guard' and datname = current_database()"
        )
        assert ended.fetchall() == [(True,)]
    assert ask(lookup, ADA) == [None]


def test_a_server_that_is_the_primary_no_more_is_not_believed(
    database: Database, engine: Engine, lookup: Lookup
) -> None:
    people.add(engine, ADA)
    ask(lookup, ADA)
    with demoted(database), capture_logs() as logs:
        until(lambda: [str(answer) for answer in ask(lookup, ADA)] == ["NotPrimary"])
        assert [str(answer) for answer in ask(lookup, "user_nobody")] == ["NotPrimary"]
    until(lambda: isinstance(ask(lookup, ADA)[0], KnownUser))
    assert "primary" in logs[0]["next_step"]


def test_whoever_asks_is_led_to_the_new_primary_without_noticing(
    database: Database, engine: Engine, lookup: Lookup
) -> None:
    people.add(engine, ADA)
    ask(lookup, ADA)
    first = sessions(engine)
    answers: list[KnownUser | LookupUnavailable | None] = []

    def led_elsewhere() -> bool:
        answers.extend(ask(lookup, ADA))
        return sessions(engine) != first

    with demoted(database, in_favour_of_new_connections=True):
        until(led_elsewhere)
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
def test_an_answer_that_is_not_to_the_question_makes_nobody_unknown(
    database: Database, engine: Engine, other: str
) -> None:
    """A pooler that mixes up prepared statements lets the server execute another client's."""
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


def test_after_closing_nobody_is_asked_about(lookup: Lookup) -> None:
    ask(lookup, ADA)
    lookup.close()
    assert [str(answer) for answer in ask(lookup, ADA)] == ["too_many_waiting"]


def test_while_the_database_is_away_guarded_pages_are_unavailable_and_public_ones_are_not(instance: Instance) -> None:
    with lms.serving(NOBODY, instance) as platform, capture_logs() as logs:
        headers = lms.bearer(instance.token())
        answers = [platform.get(path, headers=headers) for path in ("/me", "/either", "/files/1") for _ in range(5)]
        assert platform.get("/", headers=headers).status_code == 200
        assert platform.get("/welcome", headers=headers).status_code == 200
        assert platform.get("/me", headers=lms.bearer("garbage")).status_code == 401
    assert {(answer.status_code, answer.text) for answer in answers} == {(503, '{"error":"Unavailable"}')}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)
    assert [line["event"] for line in logs].count("callers.not_found") <= 2


def test_a_database_at_a_stand_still_is_unavailable_in_time(
    database: Database, platform: TestClient, instance: Instance
) -> None:
    with lms.serving(database, instance, guard_timeout_seconds=0.5) as hasty, locked(database):
        assert hasty.get("/me", headers=lms.bearer(instance.token())).status_code == 503
