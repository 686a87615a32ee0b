"""Viewers of the console: requests as a browser sends them, from the console's own pages."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from tests.clerk_signs_in import Instance

CONSOLE = "https://console.example.com"


@dataclass(frozen=True)
class Viewer:
    """A signed-in user of the console; sends each request with a new session token in the cookie."""

    client: TestClient
    instance: Instance
    clerk_id: str | None
    """None: signed out."""

    def get(self, path: str, **headers: str) -> Response:
        """Open a page, as a link of the console does."""
        return self.client.get(path, headers=self.headers | headers, follow_redirects=False)

    def post(self, path: str, fields: dict[str, Any] | None = None, **headers: str) -> Response:
        """Send a form of a page of the console."""
        own = {"Origin": CONSOLE, "Sec-Fetch-Site": "same-origin"}
        return self.client.post(path, data=fields or {}, headers=self.headers | own | headers, follow_redirects=False)

    def send(self, path: str, fields: dict[str, Any] | None = None) -> Response:
        """Send a form by htmx, which replaces a part of the page by the answer."""
        return self.post(path, fields, **{"HX-Request": "true"})

    @property
    def headers(self) -> dict[str, str]:
        """Headers with the session cookie."""
        if self.clerk_id is None:
            return {}
        return {"Cookie": f"__session={self.instance.token(self.clerk_id, azp=CONSOLE)}"}


View = Callable[[str | None], Viewer]
