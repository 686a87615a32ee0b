"""Fixtures: the API on a real database with a test Clerk instance, and signed-in users."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine
from starlette.testclient import TestClient

from akako_guard.role import Role
from api.application import build
from config.settings import ApiSettings
from tests import people
from tests.api.asking import Person, SignIn
from tests.clerk_signs_in import PARTY, Instance
from tests.local_server import NO_SUCH_USER, LocalServer, serving
from tests.servers import Database


@pytest.fixture
def instance() -> Instance:
    """The Clerk instance that issues session tokens."""
    return Instance()


@pytest.fixture
def backend() -> Iterator[LocalServer]:
    """The Backend API of Clerk; answers 404 until a test sets other answers."""
    with serving(NO_SUCH_USER) as server:
        yield server


@pytest.fixture
def settings(database: Database, instance: Instance, backend: LocalServer) -> ApiSettings:
    return ApiSettings(
        database_url=SecretStr(database.app_url),
        redis_url=SecretStr("redis://127.0.0.1:1/0"),
        clerk_issuer=instance.issuer,
        clerk_jwt_key=instance.pem,
        clerk_authorized_parties=PARTY,
        clerk_secret_key=SecretStr("sk_test_akako"),
        clerk_api_url=backend.url,
        api_connections=8,
    )


@pytest.fixture
def client(settings: ApiSettings) -> Iterator[TestClient]:
    """A client without a token."""
    with TestClient(build(settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def sign_in(client: TestClient, instance: Instance) -> SignIn:
    """Signs in a user by Clerk id."""

    def sign_in(clerk_id: str, act: dict[str, str] | None = None) -> Person:
        return Person(client, instance, clerk_id, act)

    return sign_in


@pytest.fixture
def admin(engine: Engine, sign_in: SignIn) -> Person:
    """A signed-in admin."""
    people.add(engine, "user_admin", Role.ADMIN, email="admin@example.com")
    return sign_in("user_admin")
