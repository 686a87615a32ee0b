"""The demonstration, as a newcomer runs it."""

import json
import os
import signal
import subprocess
import uuid
from pathlib import Path

import pytest

from tests.ops import groups
from tests.servers import Database


def test_every_outcome_is_the_expected_one_and_nothing_is_left_behind(tmp_path: Path) -> None:
    mark, said = uuid.uuid4().hex, tmp_path / "said"
    with groups.akako(mark, "demo", "--json", output=said) as demo:
        assert demo.wait(120) == 0, said.read_text()
    told = json.loads(said.read_text())
    assert [each["text"] for each in told["expectations"] if not each["holds"]] == []
    assert groups.marked(mark) == []


def test_given_servers_are_used_and_what_they_hold_is_left_alone(database: Database, redis_url: str) -> None:
    addresses = {"DATABASE_URL": database.app_url, "DATABASE_OWNER_URL": database.owner_url, "REDIS_URL": redis_url}
    first, second = (
        subprocess.run([groups.AKAKO, "demo", "--json"], env={**os.environ, **addresses}, capture_output=True)
        for _ in range(2)
    )
    assert (first.returncode, second.returncode) == (0, 0), (first.stderr + second.stderr).decode()
    users = [{user["clerk_id"] for user in json.loads(run.stdout)["users"]} for run in (first, second)]
    assert users[0].isdisjoint(users[1])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("when", ["initdb", "celery", "webhooks"])
def test_an_interrupted_demonstration_leaves_nothing_behind(when: str, number: signal.Signals, tmp_path: Path) -> None:
    mark = uuid.uuid4().hex
    with groups.akako(mark, "demo", output=tmp_path / "said", TMPDIR=str(tmp_path)) as demo:
        groups.until(lambda: any(when in line for line in groups.marked(mark)))
        os.killpg(demo.pid, number)
        assert demo.wait(30) == (-signal.SIGKILL if number == signal.SIGKILL else 130)
    groups.until(lambda: not groups.marked(mark), seconds=5)
