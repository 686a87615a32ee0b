"""Signed-in users that send requests to the API."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from tests.clerk_sender import user
from tests.clerk_signs_in import Instance
from tests.local_server import Answer


@dataclass(frozen=True)
class Person:
    """A signed-in user; sends each request with a new session token."""

    client: TestClient
    instance: Instance
    clerk_id: str
    act: dict[str, str] | None = None

    def get(self, path: str, **query: Any) -> Response:
        """Send a GET request."""
        return self.client.get(path, params=query, headers=self.headers)

    def post(self, path: str, **body: Any) -> Response:
        """Send a POST request."""
        return self.client.post(path, json=body, headers=self.headers)

    def patch(self, path: str, **body: Any) -> Response:
        """Send a PATCH request."""
        return self.client.patch(path, json=body, headers=self.headers)

    def delete(self, path: str, **body: Any) -> Response:
        """Send a DELETE request."""
        return self.client.request("DELETE", path, json=body, headers=self.headers)

    @property
    def headers(self) -> dict[str, str]:
        """Headers with a session token."""
        return {"Authorization": f"Bearer {self.instance.token(self.clerk_id, act=self.act)}"}


SignIn = Callable[..., Person]


def known_to_clerk(clerk_id: str, **fields: Any) -> Answer:
    """The response of the Backend API for a user."""
    return Answer(json.dumps(user(clerk_id, **fields)).encode())
