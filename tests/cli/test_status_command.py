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
from tests.clerk_says import Clerk
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
    """The command, on the test's servers."""

    def run(*words: str, **environment: str) -> Result:
        given = {"DATABASE_URL": database.app_url, "REDIS_URL": redis_url, **environment}
        return CliRunner(env=given).invoke(main, ("status", *words))

    return run


def test_all_is_well(database: Database, engine: Engine, clerk: Clerk, akako: Any) -> None:
    moved(database, "worker", "beat")
    apply(engine, clerk, clerk.created())

    done = akako()

    assert done.exit_code == 0
    assert "All is well." in done.output
    assert "kept to applied" in done.output


def test_a_part_that_is_missing_is_named_with_what_to_do(database: Database, akako: Any) -> None:
    moved(database, "beat")

    done = akako()

    assert done.exit_code == 1
    assert "never seen" in done.output
    assert "see that the worker runs" in done.output


def test_one_part_alone_decides_for_a_health_check(database: Database, akako: Any) -> None:
    moved(database, "beat")

    assert [akako("--part", part).exit_code for part in ("beat", "worker")] == [0, 1]


def test_an_event_that_is_late_is_not_well(database: Database, engine: Engine, clerk: Clerk, akako: Any) -> None:
    moved(database, "worker", "beat")
    keep(engine, clerk, clerk.created())
    change(engine, "update webhook_events set next_attempt_at = now() - interval '3 minutes'")

    done = akako()

    assert done.exit_code == 1
    assert "runbook.md#events-are-late" in done.output


def test_programs_get_json(database: Database, engine: Engine, clerk: Clerk, akako: Any) -> None:
    moved(database, "worker")
    apply(engine, clerk, clerk.created())
    keep(engine, clerk, clerk.send(b"no JSON"))

    done = akako("--json")

    told = json.loads(done.output)
    assert (done.exit_code, told["healthy"], told["parts"]["worker"], told["parts"]["beat"]) == (
        1,
        False,
        "well",
        "never seen",
    )
    assert told["events"]["parked"] == 1
    assert told["lag_seconds"]["worst"] >= told["lag_seconds"]["median"] >= 0
    assert list(told["next_steps"]) == ["beat"]


def test_without_a_database_the_rest_is_still_told(akako: Any) -> None:
    done = akako(DATABASE_URL="postgresql://akako:a-secret@127.0.0.1:1/akako")

    assert done.exit_code == 1
    assert "check DATABASE_URL" in done.output
    assert "mend the database first" in done.output
    assert "a-secret" not in done.output


def test_certificates_that_are_not_trusted_are_named_with_what_to_do(
    database: Database, redis_url: str, akako: Any, tmp_path: Path
) -> None:
    moved(database, "worker", "beat")
    shown, other = tls.self_signed(tmp_path), tls.self_signed(tmp_path, "other.example.com")
    with tls.before(redis_url, shown) as redis_port, tls.postgresql(shown) as postgres_port:
        of_redis = akako("--json", REDIS_URL=f"rediss://127.0.0.1:{redis_port}/0")
        url = f"postgresql://akako@127.0.0.1:{postgres_port}/akako?sslmode=verify-full&sslrootcert={other.path}"
        of_postgres = akako("--json", DATABASE_URL=url)
    told = json.loads(of_redis.output)
    assert told["parts"]["broker"] == "has a certificate that is not trusted"
    assert "ssl_ca_certs" in told["next_steps"]["broker"]
    told = json.loads(of_postgres.output)
    assert told["parts"]["database"] == "has a certificate that is not trusted"
    assert "sslrootcert" in told["next_steps"]["database"]


def test_watching_goes_on_until_it_is_interrupted(database: Database, redis_url: str, tmp_path: Path) -> None:
    environment = {**os.environ, "DATABASE_URL": database.app_url, "REDIS_URL": redis_url}
    said = tmp_path / "said"
    with (
        said.open("wb") as output,
        subprocess.Popen([AKAKO, "status", "--watch", "--json"], env=environment, stdout=output) as watching,
    ):
        try:
            until(lambda: said.read_text().count("\n") >= 2)
            watching.send_signal(signal.SIGINT)
            assert watching.wait(10) == 0
        finally:
            watching.kill()
    assert {json.loads(line)["healthy"] for line in said.read_text().splitlines()} == {False}
