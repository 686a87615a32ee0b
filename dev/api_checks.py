"""The API requests of the demonstration: permitted and refused reads and changes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from akako_guard.answers import certificates
from akako_guard.role import Role
from db import clock
from db.assignments import Window
from db.audit import Author
from dev.queries import OPERATOR
from dev.scenario import Users
from dev.stack import Stack
from roles import assignments

ADMIN_FOR = timedelta(minutes=5)
TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Reply:
    """Status of the API's answer, and the roles in it."""

    request: str
    status: int
    roles: tuple[str, ...]


def ask(stack: Stack, users: Users, say: Callable[[str], None]) -> list[Reply]:
    """Send the requests without a token, as a learner and as an admin. Raises httpx.HTTPError without an answer."""
    say("querying the API")
    api = _Api(stack)
    replies = [
        api.ask("Grace reads her profile", users.grace),
        api.ask("a client without a token reads a profile", None),
        api.ask("Zoé, a learner, lists all users", users.zoe, path="/api/admin/users"),
    ]
    _assign_first_admin(stack, users)
    roles = f"/api/admin/users/{users.zoe}/roles"
    given, assignment = api.change(
        "POST", "Grace, now an admin, assigns MENTOR to Zoé", users.grace, roles, role="MENTOR"
    )
    replies += [given, api.ask("Zoé reads her profile as a mentor", users.zoe)]
    ended, _ = api.change("DELETE", "Grace revokes it", users.grace, f"{roles}/{assignment}")
    return [*replies, ended, api.ask("Zoé reads her profile again", users.zoe)]


def _assign_first_admin(stack: Stack, users: Users) -> None:
    """Assign ADMIN as `akako roles assign` does, for a short time only, as the database may be in use otherwise."""
    author = Author(actor=OPERATOR.actor, reason="Demonstrates the admin API.")
    with stack.engine.begin() as connection:
        window = Window(role=Role.ADMIN, end=clock.now(connection) + ADMIN_FOR)
        assignments.assign(connection, author, users.grace, window)


class _Api:
    """Sends requests to the API as the page of a signed-in user does."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def ask(self, request: str, clerk_id: str | None, path: str = "/api/user/profile") -> Reply:
        answer = self._send("GET", path, clerk_id)
        return Reply(request, answer.status_code, tuple(_fields(answer).get("roles", ())))

    def change(self, method: str, request: str, clerk_id: str, path: str, **body: str) -> tuple[Reply, int | None]:
        """The reply, and the id of the assignment that was changed."""
        answer = self._send(method, path, clerk_id, body | {"reason": "Part of the demonstration."})
        fields = _fields(answer)
        return Reply(request, answer.status_code, (fields["role"],) if "role" in fields else ()), fields.get("id")

    def _send(
        self, method: str, path: str, clerk_id: str | None, body: Mapping[str, str] | None = None
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._stack.instance.token(clerk_id)}"} if clerk_id else {}
        url = f"{self._stack.api}{path}"
        return httpx.request(
            method,
            url,
            headers=headers,
            json=body,
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
            verify=certificates(),
        )


def _fields(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
