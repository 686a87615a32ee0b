"""The console on a real socket beside a development Clerk, and what a browser reported about its pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Engine
from starlette.types import ASGIApp

from akako_guard.role import Role
from config.settings import ConsoleSettings
from db import assignments as db_assignments
from db import roles, user_search
from db.assignments import Window
from dev import ports
from dev.clerk_instance import ISSUER, PUBLISHABLE_KEY
from tests import people
from tests.api.served import served
from tests.ledger import as_owner
from tests.served_clerk import ServedClerk
from tests.servers import Database

AXE = Path(__file__).parents[1] / "node/node_modules/axe-core/axe.min.js"
RULES = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
    .map((found) => `${found.id}: ${found.nodes.map((node) => node.html).slice(0, 3).join(" | ")}`)"""
CUT_OFF = """() => [...document.querySelectorAll("body *:not(.skip)")].filter((element) => {
    const box = element.getBoundingClientRect();
    const isScrolled = element.matches("input") || element.parentElement.closest(".wide, pre");
    if (!box.width || !element.checkVisibility() || isScrolled) return false;
    const { overflowX, overflowY } = getComputedStyle(element);
    const hides = (overflow) => overflow === "hidden" || overflow === "clip";
    return box.left < -1 || box.right > document.documentElement.clientWidth + 1
        || (hides(overflowX) && element.scrollWidth > element.clientWidth + 1)
        || (hides(overflowY) && element.scrollHeight > element.clientHeight + 1);
}).map((element) => element.outerHTML.slice(0, 200))"""
"""Elements that leave the page or hide a part of their content; what inputs, `.wide` and `pre` contain is scrolled."""
HARMLESS = (
    "Clerk has been loaded with development keys",
    "status of 401",
    "status of 403",
    "status of 404",
    "status of 409",
    "status of 422",
)
"""Messages of the browser that a test expects: ClerkJS in development, and statuses that are the answer."""
HOSTILE = "<img src=x onerror=alert(1)>"


@dataclass
class Consoled:
    """A running console."""

    url: str
    clerk: ServedClerk
    clerk_url: str
    settings: ConsoleSettings
    complaints: list[str] = field(default_factory=list)
    """Console errors, CSP violations, dialogs, and requests to other hosts than the console and Clerk."""

    def watch(self, page: Any) -> Any:
        """Note what the browser reports about a page."""
        page.on("console", lambda message: self._note(message))
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: self._dismiss(dialog))
        page.on("request", lambda request: self._check(request.url))
        page.set_default_timeout(10_000)
        return page

    def _dismiss(self, dialog: Any) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _note(self, message: Any) -> None:
        if message.type in ("error", "warning") and not any(each in message.text for each in HARMLESS):
            self.complaints.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def _check(self, url: str) -> None:
        if not url.startswith((f"{self.url}/", f"{self.clerk_url}/", "data:", "blob:")):
            self.complaints.append(f"foreign request: {url}")


@contextmanager
def consoled(database: Database, redis_url: str, clerk: ServedClerk, build: Any) -> Iterator[Consoled]:
    """Serve the application that `build` makes of the settings."""
    port = ports.free_port()
    clerk_url = clerk.url.replace("127.0.0.1", "localhost")
    settings = ConsoleSettings(
        database_url=SecretStr(database.app_url),
        redis_url=SecretStr(redis_url),
        clerk_issuer=ISSUER,
        clerk_jwt_key=clerk.instance.signer.settings["CLERK_JWT_KEY"],
        clerk_secret_key=SecretStr(clerk.key),
        clerk_api_url=clerk.url,
        clerk_frontend_api=clerk_url,
        clerk_publishable_key=PUBLISHABLE_KEY,
        console_url=f"http://localhost:{port}",
    )
    app: ASGIApp = build(settings)
    with served(app, port):
        yield Consoled(settings.console_url, clerk, clerk_url, settings)


def sign_in(console: Consoled, page: Any, name: str) -> None:
    """Open the console signed out; sign in at the development Clerk, which leads back."""
    page.goto(f"{console.url}/")
    page.get_by_role("button", name=f"Sign in as {name}").click()
    page.wait_for_url(f"{console.url}/")
    page.get_by_role("heading", level=1).wait_for()


def ana(engine: Engine, clerk_id: str) -> None:
    """A user with roles in the past, now and to come."""
    people.add(engine, clerk_id, first_name="Ana", last_name="Silva", email="ana.silva@example.org")
    now = datetime.now(UTC)
    _past(engine, clerk_id, now - timedelta(days=260), now - timedelta(days=180), "Spring cohort")
    people.assign(engine, clerk_id, Role.MENTOR, end=now + timedelta(days=40))
    people.assign(engine, clerk_id, Role.ADMIN, start=now + timedelta(days=50), end=now + timedelta(days=90))


def _past(engine: Engine, clerk_id: str, start: datetime, end: datetime, reason: str) -> None:
    with as_owner(engine) as connection:
        user = user_search.show(connection, clerk_id)
        assert user is not None
        window = Window(role=Role.MENTOR, start=start, end=end)
        given = roles.assign(connection, user.id, window, people.OPERATOR.actor, "", reason, "")
        found = db_assignments.find(connection, user.id, given)
    assert found is not None


def violations(page: Any) -> list[str]:
    """What axe finds wrong on the page. The policy forbids inline scripts, so axe is evaluated, not inserted."""
    page.evaluate(AXE.read_text("utf-8"))
    found: list[str] = page.evaluate(RULES)
    return found


def cut_off(page: Any) -> list[str]:
    """The elements of the page of which a part cannot be seen."""
    found: list[str] = page.evaluate(CUT_OFF)
    return found
