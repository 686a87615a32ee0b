"""`akako demo`."""

import json
import os
import signal
from pathlib import Path

import psycopg
import pytest

from tests.dev import groups
from tests.servers import Database

pytestmark = pytest.mark.processes

BEFORE = "select users from users where clerk_id = 'user_before'"


@pytest.mark.recovery
def test_every_expectation_holds_and_no_process_is_left(mark: str, directory: Path) -> None:
    printed = directory / "printed"
    with groups.akako(mark, "demo", "--json", output=printed) as demo:
        assert demo.wait(120) == 0, printed.read_text()
    result = json.loads(printed.read_text())
    assert [each["text"] for each in result["expectations"] if not each["holds"]] == []
    assert groups.marked(mark) == []


@pytest.mark.recovery
def test_configured_servers_are_used_and_their_rows_do_not_change(
    database: Database, redis_url: str, mark: str, directory: Path
) -> None:
    printed = directory / "printed"
    with psycopg.connect(database.app_url, autocommit=True) as connection:
        connection.execute("insert into users (clerk_id, clerk_updated_at) values ('user_before', now())")
        before = connection.execute(BEFORE).fetchall()
        addresses = {"DATABASE_URL": database.app_url, "DATABASE_OWNER_URL": database.owner_url}
        with groups.akako(mark, "demo", "--json", output=printed, REDIS_URL=redis_url, **addresses) as demo:
            groups.until(lambda: any("-m webhooks" in line for line in groups.marked(mark)), pause=0.25)
            assert not [line for line in groups.marked(mark) if "/postgres" in line or "valkey" in line]
            assert demo.wait(120) == 0, printed.read_text()
        assert connection.execute(BEFORE).fetchall() == before
    assert "user_before" not in printed.read_text()


@pytest.mark.recovery
@pytest.mark.parametrize(
    ("when", "number"),
    [
        ("initdb", signal.SIGINT),
        ("initdb", signal.SIGTERM),
        ("celery", signal.SIGTERM),
        ("celery", signal.SIGKILL),
        ("-m webhooks", signal.SIGINT),
    ],
)
def test_an_interrupted_demonstration_leaves_no_process(
    when: str, number: signal.Signals, mark: str, directory: Path
) -> None:
    with groups.akako(mark, "demo", output=directory / "printed") as demo:
        groups.until(lambda: any(when in line for line in groups.marked(mark)))
        os.killpg(demo.pid, number)
        assert demo.wait(30) == (-signal.SIGKILL if number == signal.SIGKILL else 130)
    groups.until(lambda: not groups.marked(mark), seconds=5, pause=0.25)
