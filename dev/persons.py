"""The part of the demonstration at Clerk: a person signs up, changes, is banned and is deleted, and the API follows."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from akako_guard.answers import certificates
from dev import sample_events
from dev.api_checks import Reply
from dev.clerk.client import Client
from dev.stack import Stack

PATIENCE_SECONDS = 15.0
PAUSE_SECONDS = 0.05
TIMEOUT_SECONDS = 15.0
PROFILE, FIRST_LOGIN = ("GET", "/api/user/profile"), ("POST", "/api/auth/sync")
LEARNER = ("LEARNER",)


@dataclass(frozen=True, slots=True)
class Moment:
    """What happens at Clerk, and what the API answers the person soon after."""

    title: str
    status: int
    roles: tuple[str, ...] = ()
    name: str | None = None
    """The first name in the answer; None: not compared."""


@dataclass(frozen=True, slots=True)
class Followed:
    """The API's answer to a person, and whether it is the one expected."""

    reply: Reply
    holds: bool


SIGNED_UP = Moment("Ines signs up", 200, LEARNER, "Ines")
CHANGED = Moment("she changes her name", 200, LEARNER, "Inês")
BANNED = Moment("she is banned", 403)
UNBANNED = Moment("the ban ends", 200, LEARNER)
LOST = Moment("a delivery is lost, and the API asks Clerk at the first login", 200, LEARNER, "Tomás")
DELETED = Moment("she deletes her account", 401)


def follow(stack: Stack, say: Callable[[str], None]) -> list[Followed]:
    """Let it happen, and return what the API answered. Raises httpx.HTTPError, ClerkRefused or ClerkUnreachable."""
    return list(_replies(Client(stack.clerk), stack, say))


def _replies(clerk: Client, stack: Stack, say: Callable[[str], None]) -> Iterator[Followed]:
    say("signing up at Clerk")
    ines = _sign_up(clerk, "Ines")
    path, token = f"/api/users/{ines}", _token(clerk, ines)
    yield _answer(stack, token, SIGNED_UP)
    clerk("PATCH", path, {"first_name": "Inês"})
    yield _answer(stack, token, CHANGED)
    clerk("POST", f"{path}/ban")
    yield _answer(stack, token, BANNED)
    clerk("POST", f"{path}/unban")
    yield _answer(stack, token, UNBANNED)
    clerk("POST", "/faults", {"kind": "drop-delivery", "times": 2})
    tomas = _sign_up(clerk, "Tomás")
    yield _answer(stack, _token(clerk, tomas), LOST, FIRST_LOGIN)
    clerk("DELETE", path)
    yield _answer(stack, token, DELETED)


def _sign_up(clerk: Client, name: str) -> str:
    address = f"{sample_events.new_id('demo')}@example.com"
    created: str = clerk("POST", "/api/users", {"email_address": [address], "first_name": name})["id"]
    return created


def _token(clerk: Client, user_id: str) -> str:
    token: str = clerk("POST", "/sign-in", {"user_id": user_id})["jwt"]
    return token


def _answer(stack: Stack, token: str, moment: Moment, request: tuple[str, str] = PROFILE) -> Followed:
    """The API's answer as soon as it is the one expected, or the last one after a while."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    method, path = request
    while True:
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{stack.api}{path}"
        answer = httpx.request(
            method, url, headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False, verify=certificates()
        )
        holds = _is_expected(answer, moment)
        if holds or time.monotonic() > deadline:
            return Followed(Reply(moment.title, answer.status_code, tuple(_fields(answer).get("roles", ()))), holds)
        time.sleep(PAUSE_SECONDS)


def _is_expected(answer: httpx.Response, moment: Moment) -> bool:
    fields = _fields(answer)
    is_named = moment.name is None or fields.get("first_name") == moment.name
    return answer.status_code == moment.status and tuple(fields.get("roles", ())) == moment.roles and is_named


def _fields(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
