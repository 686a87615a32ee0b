"""The API as started by the Procfile."""

from pathlib import Path

import httpx
from sqlalchemy import Engine

from akako_guard.role import Role
from tests import people
from tests.api.api_process import api_process
from tests.clerk_signs_in import Instance
from tests.listener import QUICK
from tests.servers import Database


def test_the_process_of_the_procfile_answers_until_it_is_stopped(
    database: Database, redis_url: str, engine: Engine, instance: Instance, tmp_path: Path
) -> None:
    people.add(engine, "user_ada", Role.MENTOR)

    with api_process(tmp_path, instance, database_url=database.app_url, redis_url=redis_url) as listener:
        headers = {"Authorization": f"bearer {instance.token('user_ada')}"}
        shown = httpx.get(f"http://127.0.0.1:{listener.port}/api/user/profile", headers=headers, **QUICK)

    assert (shown.status_code, shown.json()["roles"]) == (200, ["LEARNER", "MENTOR"])
    assert listener.process.code == 0
    assert {line["process"] for line in listener.lines()} == {"api"}
