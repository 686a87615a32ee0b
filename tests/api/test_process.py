"""The desk as the Procfile starts it."""

import json
from pathlib import Path

import httpx2
from sqlalchemy import Engine

from config.role import Role
from ops import ground, procfile
from ops.process import Process
from tests import people
from tests.clerk_signs_in import PARTY, Instance
from tests.ops.groups import until
from tests.servers import Database


def answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/healthz").is_success
    except httpx2.HTTPError:
        return False


def test_the_line_of_the_procfile_answers_until_it_is_told_to_end(
    database: Database, engine: Engine, instance: Instance, tmp_path: Path
) -> None:
    people.add(engine, "user_ada", Role.MENTOR)
    port, log = ground.free_port(), tmp_path / "log"
    environment = {
        "DATABASE_URL": database.app_url,
        "CLERK_ISSUER": instance.issuer,
        "CLERK_JWT_KEY": instance.pem,
        "CLERK_AUTHORIZED_PARTIES": PARTY,
        "CLERK_SECRET_KEY": "sk_test_akako",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "LOG_FORMAT": "json",
    }
    process = Process("api", procfile.read()["api"].split(), environment=environment, directory=procfile.PATH.parent)
    url = f"http://127.0.0.1:{port}"

    with log.open("wb") as output:
        process.start(output)
    try:
        until(lambda: answers(url))
        told = httpx2.get(f"{url}/api/user/profile", headers={"Authorization": f"bearer {instance.token('user_ada')}"})
    finally:
        process.end()

    assert (told.status_code, told.json()["roles"]) == (200, ["LEARNER", "MENTOR"])
    assert process.code == 0
    assert [json.loads(line)["process"] for line in log.read_text().splitlines()]
