"""`python -m dev.console`: the console of `akako up`, which a one-time link signs in to, on the loopback only.

The console of production has none of this: it is in another package, which production does not import.
"""

import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import httpx
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool as to_thread
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from akako_guard.database import engine
from akako_guard.role import Role
from api.first_login import FirstLogins
from api.user_locks import UserLocks
from clerk.backend import Backend
from config import logs
from config.settings import ConsoleSettings, load
from console.application import build
from console.page import LOADS_CLERK_JS, Page
from db import assignments as db_assignments
from db import user_search
from db.assignments import Window
from db.audit import Author
from dev import clerk_instance, one_time_links, peer
from dev.clerk.local import HOST
from dev.clerk.local_only import is_own_name
from dev.clerk_instance import ClerkInstance
from health import stop_signals
from roles import assignments
from serving.server import serve

COOKIE = "akako_link"
SESSION_SECONDS = 8 * 3_600.0
EXTERNAL_ID = "akako-console"
"""Names the user of one-time links at the development Clerk."""
FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_KEPT = ("akako_zone", "akako_browser_zone")
_TEMPLATE = Path(__file__).with_name("console_link.html").read_text("utf-8")


@dataclass(slots=True)
class LocalSessions:
    """The sessions that links started, by the digest of their cookie."""

    data: Path
    clerk: ClerkInstance
    party: str
    _sessions: dict[str, tuple[str, float]] = field(default_factory=dict)

    def start(self, clerk_id: str) -> str:
        """Start a session of a user; returns the value of its cookie."""
        value = secrets.token_urlsafe(32)
        self._sessions[_digest(value)] = (clerk_id, time.monotonic() + SESSION_SECONDS)
        return value

    def token(self, cookie: str) -> str | None:
        """A session token of the user with this cookie; None if there is no such session."""
        clerk_id, until = self._sessions.get(_digest(cookie), ("", 0.0))
        return self.clerk.token(clerk_id, self.party) if time.monotonic() < until else None

    def end(self, cookie: str) -> None:
        """End a session."""
        self._sessions.pop(_digest(cookie), None)


class LocalSignIn:
    """Middleware: replaces the cookie of a link's session by a session token, which the guard checks as any other.

    Refuses requests under another host name (DNS rebinding), through a proxy, and from other users of this machine.
    """

    def __init__(self, app: ASGIApp, sessions: LocalSessions) -> None:
        self._app = app
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if refusal := _refusal(scope):
            await PlainTextResponse(refusal, 421)(scope, receive, send)
            return
        cookies = Request(scope).cookies
        token = self._sessions.token(cookies.get(COOKIE, ""))
        if token and (scope["method"], scope["path"]) == ("POST", "/sign-out"):
            self._sessions.end(cookies[COOKIE])
        elif token:
            scope = _signed_in(scope, cookies, token)
        await self._app(scope, receive, send)


def _refusal(scope: Scope) -> str | None:
    headers = Headers(scope=scope)
    if not is_own_name(headers.get("host", "")):
        return "Use http://localhost.\n"
    if any(name in headers for name in FORWARDED):
        return "The console of `akako up` is not served through proxies: it is for this machine only.\n"
    if not peer.is_own(scope.get("client"), scope.get("server")):
        return "The console of `akako up` is for the user who runs it.\n"
    return None


def _signed_in(scope: Scope, cookies: Mapping[str, str], token: str) -> Scope:
    """The request with the token as its only session cookie."""
    kept = {name: cookies[name] for name in _KEPT if name in cookies} | {"__session": token}
    header = "; ".join(f"{name}={value}" for name, value in kept.items()).encode("latin-1")
    others = [(name, value) for name, value in scope["headers"] if name not in (b"cookie", b"authorization")]
    return {**scope, "headers": [*others, (b"cookie", header)], LOADS_CLERK_JS: False}


def application(settings: ConsoleSettings, data: Path) -> ASGIApp:
    """The console with one-time links, whose tokens the key in `data` signs."""
    sessions = LocalSessions(data, clerk_instance.load_or_create(data), settings.console_url)

    async def show(page: Page) -> Response:
        return _page(page, page.query.get("key", ""))

    async def sign_in(page: Page) -> Response:
        form = await page.form()
        if not one_time_links.use(data, form.text("key")):
            return _page(page, "", 403)
        clerk_id = await to_thread(_admin, settings)
        response = page.redirect("/")
        response.set_cookie(COOKIE, sessions.start(clerk_id), int(SESSION_SECONDS), httponly=True, samesite="strict")
        return response

    return build(
        settings,
        pages=(("GET", one_time_links.PATH, show), ("POST", one_time_links.PATH, sign_in)),
        middleware=(Middleware(LocalSignIn, sessions=sessions),),
    )


def _page(page: Page, key: str, status: int = 200) -> Response:
    return page.render_text(_TEMPLATE, status, key=key, is_used=status != 200)


def _admin(settings: ConsoleSettings) -> str:
    """The Clerk id of the user of links: created at the development Clerk and given ADMIN, if that is missing."""
    clerk_id = _user_at_clerk(settings)
    pool = engine.connect(settings.database_url.get_secret_value(), "console link", connections=2, statement_seconds=10)
    try:
        _give_admin(settings, pool, clerk_id)
    finally:
        pool.dispose()
    return clerk_id


def _give_admin(settings: ConsoleSettings, pool: Engine, clerk_id: str) -> None:
    backend = Backend(settings.clerk_secret_key.get_secret_value(), settings.clerk_api_url)
    logins = FirstLogins(pool, UserLocks(1, 5), backend, settings.default_role)
    try:
        logins.fetch(clerk_id, "console-link")
    finally:
        logins.close()
    author = Author(actor="operator:akako up", reason="Signed in to the console with a one-time link.", cause="")
    with pool.begin() as connection:
        user = user_search.show(connection, clerk_id)
        held = db_assignments.history(connection, user.id) if user else []
        if not any(each.held and each.role is Role.ADMIN for each in held):
            assignments.assign(connection, author, clerk_id, Window(role=Role.ADMIN))


def _user_at_clerk(settings: ConsoleSettings) -> str:
    headers = {"Authorization": f"Bearer {settings.clerk_secret_key.get_secret_value()}"}
    with httpx.Client(base_url=settings.clerk_api_url, headers=headers, timeout=10, trust_env=False) as client:
        found: list[dict[str, Any]] = client.get("/v1/users", params={"external_id": EXTERNAL_ID}).json()
        if found:
            return str(found[0]["id"])
        given = {"external_id": EXTERNAL_ID, "first_name": "Development", "last_name": "Admin"}
        address = {"email_address": ["admin@console.example.com"]}
        return str(client.post("/v1/users", json=given | address).raise_for_status().json()["id"])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@click.command()
@click.option("--data", type=click.Path(path_type=Path), required=True)
def main(data: Path) -> None:
    """Serve the console until a stop signal arrives."""
    stop_signals.install()
    settings = load(ConsoleSettings)
    logs.configure("console", form=settings.log_format, level=settings.log_level)
    serve(application(settings, data), settings.model_copy(update={"host": HOST}), 1)


if __name__ == "__main__":
    main()
