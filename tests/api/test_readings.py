"""No GET and no HEAD changes anything."""

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from tests.api.asking import Person
from tests.api.changes import MALLORY, WHY, Asked, Scene, image, prepare, readings
from tests.clerk_says import Clerk
from tests.clerk_signs_in import Instance


@pytest.fixture
def scene(engine: Engine, clerk: Clerk) -> Scene:
    return prepare(engine, clerk)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("asked", readings(), ids=str)
def test_no_reading_changes_anything(
    engine: Engine, client: TestClient, instance: Instance, scene: Scene, asked: Asked, method: str
) -> None:
    headers = Person(client, instance, MALLORY).headers
    before = image(engine)

    answer = client.request(method, scene.path(asked), params=asked.query, headers=headers)
    more = {"reveal": "true", "reason": WHY, "preview": "true"}
    odd = client.request(method, scene.path(asked), params=asked.query | more, headers=headers)
    revealed = client.request(
        method, scene.path(asked), params=asked.query | {"reveal": "true", "reason": WHY}, headers=headers
    )

    assert (answer.status_code, odd.status_code, revealed.status_code) == (200, 422, 422)
    assert image(engine) == before
