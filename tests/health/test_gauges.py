import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from akako_guard.database.engine import connect
from akako_guard.role import Role
from config.redis_url import RedisAddress
from db import audit, claims_switch, clerk_instance, vitals, walks
from db.walks import Phase
from health.broker import Broker
from health.database import DatabaseProbe
from health.gauges import BrokerGauge, DatabaseGauges
from tests.clerk_sender import Clerk
from tests.db.plans import Question, plan, scans
from tests.ledger import apply, change, keep
from tests.meanwhile import holding
from tests.servers import Database
from tests.webhooks.test_queue_unavailable import silent


def gauges(database_url: str) -> dict[tuple[str, str], float]:
    collected = DatabaseGauges(DatabaseProbe(database_url)).collect()
    samples = [sample for metric in collected for sample in metric.samples]
    return {(sample.name, "".join(sample.labels.values())): sample.value for sample in samples}


def test_what_the_database_shows_is_told(database: Database, engine: Engine, clerk: Clerk) -> None:
    apply(engine, clerk, clerk.created("user_ada"))
    keep(engine, clerk, clerk.created("user_bea"), clerk.send(b"no JSON"))
    change(engine, "update webhook_events set next_attempt_at = now() - interval '1 minute' where status = 'received'")
    seen = gauges(database.app_url)
    assert seen["akako_database_up", ""] == seen["akako_database_of_this_version", ""] == 1
    assert (seen["akako_events", "received"], seen["akako_events", "parked"]) == (1, 1)
    assert 60 <= seen["akako_oldest_due_event_seconds", ""] < 70
    assert 0 <= seen["akako_last_delivery_seconds", ""] < 10


def test_an_empty_database_has_nothing_due_and_no_last_delivery(database: Database) -> None:
    seen = gauges(database.app_url)
    assert seen["akako_oldest_due_event_seconds", ""] == 0
    assert ("akako_last_delivery_seconds", "") not in seen


@pytest.mark.parametrize("complete", [False, True])
def test_walks_of_the_pinned_instance_that_were_never_complete_are_overdue(
    database: Database, engine: Engine, owner: Engine, complete: bool
) -> None:
    with engine.begin() as connection:
        audit.set_actor(connection, "operator:ada")
        clerk_instance.pin(connection, "ins_1", "production")
        begun = walks.start(connection, "ins_1", 5, kind=walks.RECONCILE)
        other = walks.start(connection, "ins_2", 5, kind=walks.RECONCILE)
        outcome = "complete" if complete else "incomplete"
        walks.save(connection, replace(begun, phase=Phase.ENDED, outcome=outcome))
        walks.save(connection, replace(other, phase=Phase.ENDED, outcome="complete"))
    change(owner, "update walks set started_at = now() - interval '5 hours'")
    assert (gauges(database.app_url)["akako_walked_seconds", ""] > 14_400) is not complete


def test_claims_have_gauges_while_they_are_on(database: Database, engine: Engine, clerk: Clerk) -> None:
    apply(engine, clerk, clerk.created("user_ada"), clerk.created("user_bea", email="bea@example.com"))
    assert ("akako_claims_due", "") not in gauges(database.app_url)
    with engine.begin() as connection:
        audit.set_actor(connection, "operator:ada", reason="Menus need roles.")
        claims_switch.turn_on(connection, "ins_1", Role.LEARNER)
    change(
        engine,
        "insert into claims (user_id, priority, due_at)"
        " select id, 2, now() - row_number() over (order by id) * interval '1 minute' from users",
    )
    seen = gauges(database.app_url)
    assert (seen["akako_claims_due", ""], seen["akako_claims_stopped", ""]) == (2, 0)
    assert seen["akako_oldest_due_claims_seconds", ""] == 0
    change(engine, "update claims set priority = 1")
    assert 120 <= gauges(database.app_url)["akako_oldest_due_claims_seconds", ""] < 130
    change(engine, "update claims set parked = 'refused' where user_id = (select min(user_id) from claims)")
    seen = gauges(database.app_url)
    assert (seen["akako_claims_due", ""], seen["akako_claims_parked", "refused"]) == (1, 1)
    assert (seen["akako_claims_parked", "another_writer"], seen["akako_claims_echo_missing", ""]) == (0, 0)


def test_without_a_database_there_is_one_gauge_that_says_so() -> None:
    assert gauges("postgresql://akako@127.0.0.1:1/akako") == {("akako_database_up", ""): 0}


def test_a_database_that_does_not_answer_is_not_waited_for(database: Database, owner: Engine) -> None:
    with holding(owner, "lock table webhook_events in access exclusive mode"):
        begun = time.monotonic()
        assert gauges(database.app_url) == {("akako_database_up", ""): 0}
    assert time.monotonic() - begun < 5


@pytest.fixture
def owner(database: Database) -> Iterator[Engine]:
    pool = connect(database.owner_url, "test")
    yield pool
    pool.dispose()


@pytest.mark.parametrize("question", [vitals.read, vitals.latest_lags])
def test_however_many_events_there_are_few_pages_are_read(owner: Engine, engine: Engine, question: Question) -> None:
    change(
        owner,
        """
        insert into webhook_events (svix_id, body, svix_timestamp, svix_signature, verified_by, status, applied_at,
                                    received_at, next_attempt_at)
        select 'msg_' || n, 'x', 0, '', 'secret' || n %% 3, 'applied', now(), now() - n * interval '1 s', now()
        from generate_series(1, 50000) as n
        """,
    )
    change(owner, "analyze webhook_events")
    found = plan(engine, question)
    assert scans(found) <= {"heartbeats", "clerk_instance", "claims_switch"}
    assert found["Shared Hit Blocks"] + found["Shared Read Blocks"] < 700


def broker_up(redis_url: str) -> float:
    (metric,) = BrokerGauge(Broker(RedisAddress(redis_url))).collect()
    return metric.samples[0].value


def test_whether_redis_answers_is_told(redis_url: str) -> None:
    assert broker_up(redis_url) == 1
    assert broker_up("redis://127.0.0.1:1/0") == 0


def test_a_redis_that_does_not_answer_is_not_waited_for() -> None:
    with silent() as url:
        begun = time.monotonic()
        assert broker_up(url) == 0
    assert time.monotonic() - begun < 5


TABLES_CANNOT_BE_READ = {("akako_database_up", ""): 1, ("akako_database_of_this_version", ""): 0}


def test_a_database_without_our_tables_is_up_and_not_of_this_version(database: Database, owner: Engine) -> None:
    change(owner, "drop table heartbeats")
    assert gauges(database.app_url) == TABLES_CANNOT_BE_READ


def test_a_database_that_lacks_a_migration_is_not_of_this_version(database: Database, owner: Engine) -> None:
    change(owner, "update alembic_version set version_num = '0001'")
    seen = gauges(database.app_url)
    assert (seen["akako_database_up", ""], seen["akako_database_of_this_version", ""]) == (1, 0)
