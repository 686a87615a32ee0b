"""What a task says when it could not be done, and that the same process does the next one."""

import importlib
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import redis
import structlog
from pydantic import SecretStr
from sqlalchemy import Engine
from structlog.testing import capture_logs
from structlog.typing import EventDict

from config.settings import WorkerSettings
from dev.ports import free_port
from tests.clerk_sender import Clerk
from tests.ledger import change, keep, rows, statuses, values
from tests.meanwhile import holding, interrupted_at_a_lock
from tests.sdk.test_engine import end_sessions
from tests.servers import Database
from tests.sync.conftest import Apply
from tests.worker.messages import sets
from worker import process

READ_ONLY = "alter role akako_app in database {} set default_transaction_read_only = {}"
DUE = "update webhook_events set next_attempt_at = now() - interval '1 minute'"
NOTHING_COUNTED = [("received", 0, None)]
COUNTED = "select distinct status, attempts, last_error from webhook_events"


@pytest.fixture(scope="session")
def tasks() -> Any:
    """The tasks, imported as a worker imports them: with the settings in the environment."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DATABASE_URL", "postgresql://akako@127.0.0.1:1/akako")
        environment.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
        imported = importlib.import_module("worker.tasks")
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)
    structlog.reset_defaults()
    return imported


class Worker:
    """A worker process: this one."""

    def __init__(self, tasks: Any, settings: WorkerSettings) -> None:
        process.open_resources(settings)
        self._tasks = tasks

    def apply(self, svix_ids: list[str], *, redelivered: bool = False) -> list[EventDict]:
        """Take a message that names events; what was said."""
        return self.run("apply_events", svix_ids, redelivered=redelivered)

    def run(self, task: str, *arguments: object, redelivered: bool = False) -> list[EventDict]:
        """Take any message; what was said."""
        taken = getattr(self._tasks, task)
        taken.push_request(delivery_info={"redelivered": redelivered})
        try:
            with capture_logs() as said:
                taken.run(*arguments)
        finally:
            taken.pop_request()
        return said


def settings(database_url: str, redis_url: str) -> WorkerSettings:
    """A worker's settings, with two ids a message."""
    return WorkerSettings(database_url=SecretStr(database_url), redis_url=SecretStr(redis_url), apply_set_size=2)


@pytest.fixture
def worker(tasks: Any, database: Database, redis_url: str) -> Iterator[Worker]:
    """A worker on the test's servers."""
    yield Worker(tasks, settings(database.app_url, redis_url))
    process.resources().engine.dispose()
    process.resources().queue.close()


def two(engine: Engine, clerk: Clerk) -> list[str]:
    """Keep two events that wait."""
    return keep(engine, clerk, clerk.created("user_ada", email=None), clerk.created("user_bea", email=None))


def test_a_set_that_was_applied_is_told_in_figures(worker: Worker, engine: Engine, clerk: Clerk) -> None:
    (line,) = worker.apply(two(engine, clerk))
    assert (line["event"], line["events"], line["applied"], line["failed"]) == ("events.applied", 2, 2, 0)


def test_a_worker_applies_again_once_a_read_only_database_is_writable(
    worker: Worker, engine: Engine, owner: Engine, clerk: Clerk
) -> None:
    ids = two(engine, clerk)
    (name,) = values(owner, "select current_database()")
    change(owner, READ_ONLY.format(name, "on"))
    (line,) = worker.apply(ids)
    assert (line["event"], line["sqlstate"]) == ("database.unavailable", "25006")
    assert "primary" in line["next_step"]
    assert rows(engine, COUNTED) == NOTHING_COUNTED
    change(owner, READ_ONLY.format(name, "off"))
    worker.apply(ids)
    assert statuses(engine) == {"applied": 2}


def test_the_first_set_after_the_sessions_were_ended_is_applied_at_once(
    worker: Worker, database: Database, engine: Engine, clerk: Clerk
) -> None:
    ids = two(engine, clerk)
    worker.apply(ids[:1])
    end_sessions(database)
    (line,) = worker.apply(ids[1:])
    assert (line["event"], line["applied"]) == ("events.applied", 1)


def test_a_database_that_was_not_migrated_is_said_to_need_it(
    worker: Worker, engine: Engine, owner: Engine, clerk: Clerk
) -> None:
    ids = two(engine, clerk)
    change(owner, "alter table users rename column image_url to image_uri")
    (line,) = worker.apply(ids)
    assert (line["event"], line["next_step"].startswith("run `akako migrate`")) == ("database.unavailable", True)


def test_a_server_that_is_not_there_is_said_to_be_away(tasks: Any, redis_url: str) -> None:
    nowhere = Worker(tasks, settings(f"postgresql://akako@127.0.0.1:{free_port()}/akako", redis_url))
    (line,) = nowhere.apply(["msg_1"])
    assert (line["event"], line["log_level"]) == ("database.unavailable", "warning")
    assert "PostgreSQL runs" in line["next_step"]
    process.resources().queue.close()


def test_a_redis_that_is_not_there_is_said_to_be_away(
    tasks: Any, database: Database, engine: Engine, clerk: Clerk
) -> None:
    two(engine, clerk)
    change(engine, DUE)
    (line,) = Worker(tasks, settings(database.app_url, "redis://127.0.0.1:1/0")).run("sweep_events")
    assert (line["event"], "REDIS_URL" in line["next_step"]) == ("queue.unavailable", True)
    process.resources().engine.dispose()
    process.resources().queue.close()


def test_a_lock_that_is_held_for_long_is_said_to_be_looked_for(worker: Worker, owner: Engine) -> None:
    with holding(owner, "lock table user_roles in access exclusive mode"):
        (line,) = worker.run("expire_roles")
    assert (line["event"], line["sqlstate"]) == ("database.locked", "55P03")
    assert "pg_locks" in line["next_step"]


def test_an_unexpected_error_is_reported_as_a_bug(worker: Worker, engine: Engine, owner: Engine) -> None:
    change(
        owner,
        """
        with ada as (insert into users (clerk_id, clerk_updated_at) values ('user_ada', now()) returning id)
        insert into user_roles (user_id, role, effective_start_date, effective_end_date, assigned_by)
        select id, 'MENTOR', now() - interval '2 days', now() - interval '1 day', 'the test' from ada
        """,
    )
    change(owner, "alter table user_roles add constraint for_ever check (is_active)")
    (line,) = worker.run("expire_roles")
    assert (line["event"], line["log_level"], line["constraint"]) == ("task.failed", "error", "for_ever")
    assert "report this" in line["next_step"]


def test_what_was_forgotten_is_told_in_figures(worker: Worker, engine: Engine, owner: Engine, clerk: Clerk) -> None:
    keep(engine, clerk, clerk.send(b"{}"), clerk.send(b'{"type":"session.created","data":{}}'))
    change(owner, "update webhook_events set received_at = now() - interval '91 days'")
    (line,) = worker.run("forget_bodies")
    assert (line["event"], line["count"]) == ("bodies.erased", 1)


def test_a_set_that_ran_out_of_time_comes_again_in_halves_and_the_worker_goes_on(
    worker: Worker, engine: Engine, apply: Apply, clerk: Clerk, raw: redis.Redis
) -> None:
    apply(clerk.created("user_ada", email=None), clerk.created("user_bea", email=None))
    newer = [clerk.updated(clerk_id, at=1, email=None) for clerk_id in ("user_ada", "user_bea")]
    ids = keep(engine, clerk, *newer)
    with holding(engine, "select from users for update"), interrupted_at_a_lock(engine):
        (line,) = worker.apply(ids)
    assert (line["event"], "smaller sets" in line["next_step"]) == ("task.ran_out_of_time", True)
    assert sets(raw) == [ids[:1], ids[1:]]
    worker.apply(ids)
    assert statuses(engine) == {"applied": 4}


def test_an_event_that_ran_out_of_time_alone_has_a_failed_attempt(
    worker: Worker, engine: Engine, apply: Apply, clerk: Clerk
) -> None:
    apply(clerk.created(at=0))
    ids = keep(engine, clerk, clerk.updated(at=1))
    with holding(engine, "select from users for update"), interrupted_at_a_lock(engine):
        worker.apply(ids)
    assert rows(engine, f"{COUNTED} where svix_id = %s", *ids) == [("received", 1, "Attempt 1: error WorkerLost")]


def test_a_redelivered_set_is_not_applied_but_comes_again_in_halves(
    worker: Worker, engine: Engine, clerk: Clerk, raw: redis.Redis
) -> None:
    ids = two(engine, clerk)
    (line,) = worker.apply(ids, redelivered=True)
    assert (line["event"], line["events"]) == ("set.redelivered", 2)
    assert sets(raw) == [ids[:1], ids[1:]]
    assert rows(engine, COUNTED) == NOTHING_COUNTED


def test_a_redelivered_event_that_is_alone_is_applied_and_has_no_failed_attempt(
    worker: Worker, engine: Engine, clerk: Clerk
) -> None:
    said = worker.apply(keep(engine, clerk, clerk.created()), redelivered=True)
    assert [line["event"] for line in said] == ["set.redelivered", "events.applied"]
    assert rows(engine, COUNTED) == [("applied", 0, None)]


def test_forged_redeliveries_count_nothing_against_an_event_that_has_to_wait(
    worker: Worker, engine: Engine, apply: Apply, clerk: Clerk
) -> None:
    apply(clerk.created(at=0))
    ids = keep(engine, clerk, clerk.updated(at=1, banned=True))
    with holding(engine, "select from users for update"):
        for _ in range(3):
            worker.apply(ids, redelivered=True)
        assert rows(engine, f"{COUNTED} where svix_id = %s", *ids) == [("received", 0, None)]
    worker.apply(ids, redelivered=True)
    assert values(engine, "select banned from users") == [True]
