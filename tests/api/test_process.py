"""The desk as the Procfile starts it."""

from pathlib import Path

import httpx
from sqlalchemy import Engine

from config.role import Role
from tests import people
from tests.api.desk import desk
from tests.clerk_signs_in import Instance
from tests.listener import QUICK
from tests.servers import Database


def test_the_line_of_the_procfile_answers_until_it_is_told_to_end(
    database: Database, redis_url: str, engine: Engine, instance: Instance, tmp_path: Path
) -> None:
    people.add(engine, "user_ada", Role.MENTOR)

    with desk(tmp_path, instance, database_url=database.app_url, redis_url=redis_url) as door:
        headers = {"Authorization": f"bearer {instance.token('user_ada')}"}
        told = httpx.get(f"http://127.0.0.1:{door.port}/api/user/profile", headers=headers, **QUICK)

    assert (told.status_code, told.json()["roles"]) == (200, ["LEARNER", "MENTOR"])
    assert door.process.code == 0
    assert {line["process"] for line in door.lines()} == {"api"}
