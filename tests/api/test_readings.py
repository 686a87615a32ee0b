"""GET and HEAD requests change nothing."""

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from tests.api.asking import Person
from tests.api.changes import MALLORY, REASON, ApiCall, Scene, image, prepare, readings
from tests.clerk_sender import Clerk
from tests.clerk_signs_in import Instance


@pytest.fixture
def scene(engine: Engine, clerk: Clerk) -> Scene:
    return prepare(engine, clerk)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("call", readings(), ids=str)
def test_no_get_or_head_changes_anything(
    engine: Engine, client: TestClient, instance: Instance, scene: Scene, call: ApiCall, method: str
) -> None:
    headers = Person(client, instance, MALLORY).headers
    before = image(engine)

    answer = client.request(method, scene.path(call), params=call.query, headers=headers)
    more = {"reveal": "true", "reason": REASON, "preview": "true"}
    odd = client.request(method, scene.path(call), params=call.query | more, headers=headers)
    revealed = client.request(
        method, scene.path(call), params=call.query | {"reveal": "true", "reason": REASON}, headers=headers
    )

    assert (answer.status_code, odd.status_code, revealed.status_code) == (200, 422, 422)
    assert image(engine) == before
