"""The example LMS with the real ClerkJS: roles begin and end on an open page, and a first login creates the user."""

import os
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from akako_guard.role import Role
from api.application import build
from config.settings import ApiSettings
from dev import ports
from dev.clerk_instance import ISSUER
from tests import people
from tests.api.served import served
from tests.dev.groups import until
from tests.ledger import values
from tests.served_clerk import ServedClerk
from tests.servers import Database

pytestmark = [pytest.mark.browser, pytest.mark.processes]

PACKAGE = Path(__file__).parents[2] / "sdk/typescript"
# Notes when the mentors' part of the page appears and disappears, in milliseconds since 1970.
WATCH = """() => {
    const isShown = () => [...document.querySelectorAll("h2")].some((heading) => heading.textContent === "Mentors");
    window.changes = [[isShown(), Date.now()]];
    new MutationObserver(() => {
        if (isShown() !== window.changes.at(-1)[0]) window.changes.push([isShown(), Date.now()]);
    }).observe(document.body, { childList: true, subtree: true });
}"""
ASK = """async (path) => {
    const token = await window.Clerk.session.getToken();
    return (await fetch(path, { headers: { authorization: `Bearer ${token}` } })).status;
}"""


@pytest.fixture
def lms(clerk: ServedClerk, database: Database, tmp_path: Path) -> Iterator[str]:
    """The URL of the example, whose API uses this test's database."""
    port = ports.free_port()
    url = f"http://localhost:{port}"
    settings = ApiSettings(
        database_url=SecretStr(database.app_url),
        redis_url=SecretStr("redis://127.0.0.1:1/0"),
        clerk_issuer=ISSUER,
        clerk_jwt_key=clerk.instance.signer.settings["CLERK_JWT_KEY"],
        clerk_authorized_parties=url,
        clerk_secret_key=SecretStr(clerk.key),
        clerk_api_url=clerk.url,
    )
    with served(build(settings)) as api, (tmp_path / "log").open("wb") as log:
        own = {"PORT": str(port), "AKAKO_API_URL": api, "CLERK_URL": clerk.url.replace("127.0.0.1", "localhost")}
        server = subprocess.Popen(
            ["node", "example/server.mjs"], cwd=PACKAGE, env=os.environ | own, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            until(lambda: server.poll() is not None or _answers(url))
            assert server.poll() is None, (tmp_path / "log").read_text()
            yield url
        finally:
            server.terminate()
            server.wait(20)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def sign_in(page: Any, clerk: ServedClerk, clerk_id: str) -> None:
    page.goto(f"{clerk.url.replace('127.0.0.1', 'localhost')}/users/{clerk_id}")
    page.get_by_role("button", name="Sign in as this user").click()
    page.wait_for_load_state()


def test_a_role_begins_and_ends_on_an_open_page_within_a_second(
    clerk: ServedClerk, engine: Engine, page: Any, lms: str
) -> None:
    (clerk_id,) = clerk.create(first_name="Ada")
    people.add(engine, clerk_id, first_name="Ada")
    sign_in(page, clerk, clerk_id)
    page.goto(lms)
    page.get_by_text("The mentors' page is for mentors.").wait_for()
    start = datetime.now(UTC) + timedelta(seconds=10)
    end = start + timedelta(seconds=5)
    people.assign(engine, clerk_id, Role.MENTOR, start=start, end=end)
    page.evaluate("() => window.dispatchEvent(new Event('focus'))")  # reads the assignment
    page.evaluate(WATCH)

    page.get_by_text("Algebra").wait_for()
    allowed = page.evaluate(ASK, "/api/courses")
    page.get_by_text("The mentors' page is for mentors.").wait_for()

    changes = page.evaluate("window.changes")  # kept, so the page was not loaded again
    assert [shown for shown, _ in changes] == [False, True, False]
    assert 0 <= changes[1][1] / 1000 - start.timestamp() < 1
    assert abs(changes[2][1] / 1000 - end.timestamp()) < 1
    time.sleep(max(0, end.timestamp() - time.time()))
    assert (allowed, page.evaluate(ASK, "/api/courses"), page.evaluate(ASK, "/api/report")) == (200, 403, 403)


def test_a_first_login_creates_the_user_once_and_signing_out_leaves_nothing(
    clerk: ServedClerk, engine: Engine, page: Any, lms: str
) -> None:
    (clerk_id,) = clerk.create(first_name="Ada")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.method} {request.url.removeprefix(lms)}"))
    sign_in(page, clerk, clerk_id)
    page.goto(lms)

    page.get_by_text("Ada: LEARNER").wait_for()
    assert asked.count("POST /api/auth/sync") == 1
    assert values(engine, "select clerk_id from users") == [clerk_id]

    page.get_by_role("button", name="Sign out").click()
    page.get_by_text("Signed out.").wait_for()
    assert "Ada" not in page.content()


def test_an_admin_makes_a_mentor_and_an_overlap_is_explained(
    clerk: ServedClerk, engine: Engine, page: Any, lms: str
) -> None:
    (clerk_id,) = clerk.create(first_name="Grace")
    people.add(engine, clerk_id, Role.ADMIN, first_name="Grace")
    people.add(engine, "user_ada", email="ada@example.com")
    sign_in(page, clerk, clerk_id)
    page.goto(lms)

    button = page.get_by_role("listitem").filter(has_text="ada@example.com").get_by_role("button")
    button.click()
    page.get_by_text("ada@example.com: LEARNER, MENTOR").wait_for()
    button.click()
    page.get_by_text("Already a mentor").wait_for()

    assert page.evaluate(ASK, "/api/report") == 200
