"""What the demonstration asks the API: who may see and change what, and who may not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from clerk.answers import certificates
from config.role import Role
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
    """What the API said, and the roles that it named."""

    asked: str
    status: int
    roles: tuple[str, ...]


def ask(stack: Stack, people: Users, say: Callable[[str], None]) -> list[Reply]:
    """Ask as nobody, as a learner and as an admin; raises httpx.HTTPError where there is no answer."""
    say("asking the API")
    desk = _Api(stack)
    replies = [
        desk.ask("Grace asks for her profile", people.grace),
        desk.ask("nobody in particular asks for a profile", None),
        desk.ask("Zoé, a learner, asks for all users", people.zoe, path="/api/admin/users"),
    ]
    _make_the_first_admin(stack, people)
    roles = f"/api/admin/users/{people.zoe}/roles"
    given, assignment = desk.change(
        "POST", "Grace, now an admin, makes Zoé a mentor", people.grace, roles, role="MENTOR"
    )
    replies += [given, desk.ask("Zoé asks for her profile as a mentor", people.zoe)]
    ended, _ = desk.change("DELETE", "Grace revokes that", people.grace, f"{roles}/{assignment}")
    return [*replies, ended, desk.ask("Zoé asks for her profile again", people.zoe)]


def _make_the_first_admin(stack: Stack, people: Users) -> None:
    """What `akako roles assign` does; for a while only, as the database may be somebody's."""
    author = Author(actor=OPERATOR.actor, reason="Shows what an admin may do.")
    with stack.engine.begin() as connection:
        window = Window(role=Role.ADMIN, end=clock.now(connection) + ADMIN_FOR)
        assignments.assign(connection, author, people.grace, window)


class _Api:
    """The API, as a page with a signed-in user asks it."""

    def __init__(self, stack: Stack) -> None:
        self._stage = stack

    def ask(self, asked: str, clerk_id: str | None, path: str = "/api/user/profile") -> Reply:
        answer = self._send("GET", path, clerk_id)
        return Reply(asked, answer.status_code, tuple(_said(answer).get("roles", ())))

    def change(self, method: str, asked: str, clerk_id: str, path: str, **body: str) -> tuple[Reply, int | None]:
        """The reply, and the id of the assignment that was changed."""
        answer = self._send(method, path, clerk_id, body | {"reason": "Shown in the demonstration."})
        said = _said(answer)
        return Reply(asked, answer.status_code, (said["role"],) if "role" in said else ()), said.get("id")

    def _send(
        self, method: str, path: str, clerk_id: str | None, body: Mapping[str, str] | None = None
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._stage.instance.token(clerk_id)}"} if clerk_id else {}
        url = f"{self._stage.api}{path}"
        return httpx.request(
            method,
            url,
            headers=headers,
            json=body,
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
            verify=certificates(),
        )


def _said(answer: httpx.Response) -> dict[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
