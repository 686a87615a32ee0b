"""People who are signed in and ask the desk something."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from tests.clerk_says import user
from tests.clerk_signs_in import Instance
from tests.local_server import Answer


@dataclass(frozen=True)
class Person:
    """Somebody with a session of Clerk's; asks with a fresh token each time."""

    client: TestClient
    instance: Instance
    clerk_id: str
    act: dict[str, str] | None = None

    def get(self, path: str, **query: Any) -> Response:
        """Read."""
        return self.client.get(path, params=query, headers=self.headers)

    def post(self, path: str, **body: Any) -> Response:
        """Make."""
        return self.client.post(path, json=body, headers=self.headers)

    def patch(self, path: str, **body: Any) -> Response:
        """Change."""
        return self.client.patch(path, json=body, headers=self.headers)

    def delete(self, path: str, **body: Any) -> Response:
        """Revoke."""
        return self.client.request("DELETE", path, json=body, headers=self.headers)

    @property
    def headers(self) -> dict[str, str]:
        """What proves who this is."""
        return {"Authorization": f"Bearer {self.instance.token(self.clerk_id, act=self.act)}"}


SignIn = Callable[..., Person]


def known_to_clerk(clerk_id: str, **said: Any) -> Answer:
    """What the Backend API answers about a user."""
    return Answer(json.dumps(user(clerk_id, **said)).encode())
