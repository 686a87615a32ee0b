import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine

from cli.main import main
from health.heartbeat import Heartbeat
from tests import tls
from tests.clerk_sender import Clerk
from tests.dev.groups import AKAKO, until
from tests.ledger import apply, change, keep
from tests.servers import Database


def moved(database: Database, *parts: str) -> None:
    for part in parts:
        heart = Heartbeat(database.app_url, part)
        heart.beat(0)
        heart.close()


@pytest.fixture
def akako(database: Database, redis_url: str) -> Any:
    """Runs the command with the test's servers."""

    def run(*words: str, **environment: str) -> Result:
        given = {"DATABASE_URL": database.app_url, "REDIS_URL": redis_url, **environment}
        return CliRunner(env=given).invoke(main, ("status", *words))

    return run


def test_everything_is_healthy(database: Database, engine: Engine, clerk: Clerk, akako: Any) -> None:
    moved(database, "worker", "beat")
    apply(engine, clerk, clerk.created())

    done = akako()

    assert done.exit_code == 0
    assert "Everything is healthy." in done.output
    assert "stored to applied" in done.output


def test_a_missing_component_is_reported_with_the_remedy(database: Database, akako: Any) -> None:
    moved(database, "beat")

    done = akako()

    assert done.exit_code == 1
    assert "never seen" in done.output
    assert "check that the worker runs" in done.output


def test_part_checks_only_that_component(database: Database, akako: Any) -> None:
    moved(database, "beat")

    assert [akako("--part", part).exit_code for part in ("beat", "worker")] == [0, 1]


def test_a_late_event_is_unhealthy(database: Database, engine: Engine, clerk: Clerk, akako: Any) -> None:
    moved(database, "worker", "beat")
    keep(engine, clerk, clerk.created())
    change(engine, "update webhook_events set next_attempt_at = now() - interval '3 minutes'")

    done = akako()

    assert done.exit_code == 1
    assert "runbook.md#events-are-late" in done.output


def test_the_report_is_available_as_json(database: Database, engine: Engine, clerk: Clerk, akako: Any) -> None:
    moved(database, "worker")
    apply(engine, clerk, clerk.created())
    keep(engine, clerk, clerk.send(b"no JSON"))

    done = akako("--json")

    report = json.loads(done.output)
    assert (done.exit_code, report["healthy"], report["parts"]["worker"], report["parts"]["beat"]) == (
        1,
        False,
        "healthy",
        "never seen",
    )
    assert report["events"]["parked"] == 1
    assert report["lag_seconds"]["worst"] >= report["lag_seconds"]["median"] >= 0
    assert list(report["next_steps"]) == ["beat"]


def test_without_a_database_the_other_components_are_reported(akako: Any) -> None:
    done = akako(DATABASE_URL="postgresql://akako:a-secret@127.0.0.1:1/akako")

    assert done.exit_code == 1
    assert "check DATABASE_URL" in done.output
    assert "fix the database first" in done.output
    assert "a-secret" not in done.output


def test_untrusted_certificates_are_reported_with_the_remedy(
    database: Database, redis_url: str, akako: Any, tmp_path: Path
) -> None:
    moved(database, "worker", "beat")
    shown, other = tls.self_signed(tmp_path), tls.self_signed(tmp_path, "other.example.com")
    with tls.before(redis_url, shown) as redis_port, tls.postgresql(shown) as postgres_port:
        of_redis = akako("--json", REDIS_URL=f"rediss://127.0.0.1:{redis_port}/0")
        url = f"postgresql://akako@127.0.0.1:{postgres_port}/akako?sslmode=verify-full&sslrootcert={other.path}"
        of_postgres = akako("--json", DATABASE_URL=url)
    report = json.loads(of_redis.output)
    assert report["parts"]["broker"] == "has a certificate that is not trusted"
    assert "ssl_ca_certs" in report["next_steps"]["broker"]
    report = json.loads(of_postgres.output)
    assert report["parts"]["database"] == "has a certificate that is not trusted"
    assert "sslrootcert" in report["next_steps"]["database"]


@pytest.mark.recovery
def test_watching_continues_until_interrupted(database: Database, redis_url: str, tmp_path: Path) -> None:
    environment = {**os.environ, "DATABASE_URL": database.app_url, "REDIS_URL": redis_url}
    printed = tmp_path / "printed"
    with (
        printed.open("wb") as output,
        subprocess.Popen([AKAKO, "status", "--watch", "--json"], env=environment, stdout=output) as watching,
    ):
        try:
            until(lambda: printed.read_text().count("\n") >= 2)
            watching.send_signal(signal.SIGINT)
            assert watching.wait(10) == 0
        finally:
            watching.kill()
    assert {json.loads(line)["healthy"] for line in printed.read_text().splitlines()} == {False}
