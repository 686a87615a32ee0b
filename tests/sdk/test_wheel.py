"""The wheel in a fresh environment, in applications that have their own `config`, `db` and `api`."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine

from akako_guard.role import Role
from akako_guard.testing import Signer
from tests import people
from tests.clerk_signs_in import ADA
from tests.servers import Database

pytestmark = [pytest.mark.sdk, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")
PROJECT = tomllib.loads((ROOT / "sdk/python/pyproject.toml").read_text())["project"]
DECLARED: list[str] = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["binary"]]
APPLICATIONS_NEED = ["fastapi>=0.115.5", "starlette>=0.40"]
"""The FastAPI of November 2024, with the Starlette that it permits."""
REQUIREMENT = re.compile(r"^([a-z0-9-]+)(?:\[[a-z]+\])?>=([0-9.]+)$", re.MULTILINE)
APPLICATIONS = {
    "fastapi": """
from typing import Annotated
from akako_guard import Authentication, Caller, Role, install, require
from fastapi import Depends, FastAPI
from config import NAME
import db

authentication = Authentication.from_env()
app = FastAPI()
install(app, authentication)

@app.get("/courses")
async def courses(caller: Annotated[Caller, Depends(require(Role.MENTOR).caller)]) -> str:
    return caller.clerk_id
""",
    "starlette": """
from akako_guard import Authentication, Role, caller_of, install, require
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from config import NAME
import db

@require(Role.MENTOR)
async def courses(request):
    return PlainTextResponse(caller_of(request).clerk_id)

authentication = Authentication.from_env()
app = Starlette(routes=[Route("/courses", courses)])
install(app, authentication)
""",
}
CLIENT = """
import asyncio, sys
import httpx
from api.app import app, authentication

async def ask(*tokens):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lms.example.com") as client:
        return [
            (await client.get("/courses", headers={"Authorization": f"Bearer {token}"} if token else {})).status_code
            for token in tokens
        ]

mentor, learner = sys.argv[1:]
print(*asyncio.run(ask("", learner, mentor)), flush=True)
sys.stdin.readline()
print(*asyncio.run(ask(mentor)), flush=True)
authentication.close()
"""


def environment(directory: Path, wheel: Path, resolution: str) -> Path:
    """The interpreter of a new environment with the wheel, FastAPI and Starlette.

    The declared dependencies are named again, because uv picks the lowest version only of what it is asked for, not of
    what a wheel depends on.
    """
    python = directory / "bin/python"
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, directory], check=True)
    install: list[str | Path] = [UV, "pip", "install", "--quiet", "--python", python, "--resolution", resolution]
    subprocess.run([*install, f"{wheel}[binary]", *DECLARED, *APPLICATIONS_NEED], check=True)
    return python


def installed(python: Path) -> dict[str, str]:
    """The version of each package in the environment of an interpreter."""
    listed = subprocess.run(
        [UV, "pip", "list", "--quiet", "--python", python, "--format", "json"], check=True, capture_output=True
    )
    return {package["name"]: package["version"] for package in json.loads(listed.stdout)}


def bounds() -> dict[str, str]:
    """The lower bound of each package that the wheel and the applications require."""
    return dict(REQUIREMENT.findall("\n".join([*DECLARED, *APPLICATIONS_NEED])))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of akako-guard."""
    directory = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(directory)]
    subprocess.run(build, cwd=ROOT / "sdk/python", check=True, capture_output=True)
    (built,) = directory.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def newest(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with the wheel and the newest dependencies that it permits."""
    return environment(tmp_path_factory.mktemp("newest"), wheel, "highest")


@pytest.fixture(scope="module")
def oldest(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with the wheel and the oldest dependencies that it permits."""
    return environment(tmp_path_factory.mktemp("oldest"), wheel, "lowest-direct")


@pytest.fixture(params=["newest", "oldest"])
def python(request: pytest.FixtureRequest) -> Path:
    """Both interpreters, one after the other."""
    found: Path = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def reader_url(database: Database) -> str:
    """The URL of a role that has `akako_reader` and nothing else."""
    with psycopg.connect(database.superuser_url, autocommit=True) as superuser:
        if superuser.execute("select from pg_roles where rolname = 'lms'").fetchone() is None:
            superuser.execute("create role lms login")
        superuser.execute("grant akako_reader to lms")
        superuser.execute(
            "do $$ begin execute format('grant connect on database %I to lms', current_database()); end $$"
        )
    return database.superuser_url.replace("postgres@", "lms@", 1)


def test_the_oldest_dependencies_are_the_declared_lower_bounds(oldest: Path) -> None:
    assert len(bounds()) == len(PROJECT["dependencies"]) + 1  # and FastAPI
    versions = installed(oldest)
    assert [
        f"{name} {versions[name]}"
        for name, bound in bounds().items()
        if not f"{versions[name]}.".startswith(f"{bound}.")
    ] == []


@pytest.mark.parametrize("application", APPLICATIONS.values(), ids=APPLICATIONS)
def test_an_application_with_packages_of_the_same_names_is_guarded(
    python: Path, reader_url: str, engine: Engine, tmp_path: Path, application: str
) -> None:
    people.add(engine, ADA)
    people.add(engine, "user_learner")
    mentor = people.assign(engine, ADA, Role.MENTOR)
    for name, text in {"config": "NAME = 'LMS'", "db": "", "api": ""}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(text)
    (tmp_path / "api/app.py").write_text(application)
    (tmp_path / "client.py").write_text(CLIENT)
    signer = Signer()

    process = subprocess.Popen(
        [python, "client.py", signer.token(ADA), signer.token("user_learner")],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "DATABASE_URL": reader_url, **signer.settings},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdin
        assert process.stdout
        before = process.stdout.readline().split()
        people.revoke(engine, ADA, mentor)
        process.stdin.write("\n")
        process.stdin.flush()
        after = process.stdout.readline().split()

    assert (before, after, process.returncode) == (["401", "403", "200"], ["403"], 0)
