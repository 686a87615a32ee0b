"""Fixtures: the console on one database for each module, and its viewers."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine
from starlette.testclient import TestClient

from akako_guard.database.engine import connect
from akako_guard.role import Role
from config.settings import ConsoleSettings
from console.application import build
from dev.embedded.servers import Servers
from tests import people
from tests.clerk_signs_in import Instance
from tests.console.viewing import CONSOLE, View, Viewer
from tests.servers import Database, copy_of


@pytest.fixture(scope="module")
def database(servers: Servers, template: str) -> Iterator[Database]:
    """A migrated database for all tests of a module."""
    with copy_of(servers, template) as copy:
        yield copy


@pytest.fixture(scope="module")
def engine(database: Database) -> Iterator[Engine]:
    pool = connect(database.app_url, "test", connections=8)
    yield pool
    pool.dispose()


@pytest.fixture(scope="module")
def instance() -> Instance:
    return Instance()


@pytest.fixture(scope="module")
def settings(database: Database, servers: Servers, instance: Instance) -> ConsoleSettings:
    return ConsoleSettings(
        database_url=SecretStr(database.app_url),
        redis_url=SecretStr(servers.redis_url),
        clerk_issuer=instance.issuer,
        clerk_jwt_key=instance.pem,
        clerk_secret_key=SecretStr("sk_test_akako"),
        clerk_api_url="http://127.0.0.1:9",
        console_url=CONSOLE,
        api_connections=8,
    )


@pytest.fixture(scope="module")
def client(settings: ConsoleSettings) -> Iterator[TestClient]:
    """A browser that is signed out."""
    with TestClient(build(settings), base_url=CONSOLE, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def view(client: TestClient, instance: Instance) -> View:
    """Signs in a user by Clerk id; None is signed out."""
    return lambda clerk_id: Viewer(client, instance, clerk_id)


@pytest.fixture(scope="module")
def admin(engine: Engine, view: View) -> Viewer:
    """A signed-in admin."""
    people.add(engine, "user_admin", Role.ADMIN, email="admin@example.com", first_name="Grace", last_name="Hopper")
    return view("user_admin")


@pytest.fixture(scope="module")
def learner(engine: Engine, view: View) -> Viewer:
    """A signed-in user without the role ADMIN."""
    people.add(engine, "user_learner", email="learner@example.com")
    return view("user_learner")
