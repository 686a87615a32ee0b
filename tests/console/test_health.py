"""The start page says in one sentence whether the sync is healthy, and leads to everything."""

import gzip
import hashlib
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from akako_guard.role import Role
from console import assets
from health.components import MOVING
from health.heartbeat import Heartbeat
from tests import people
from tests.clerk_sender import Clerk
from tests.console.viewing import Viewer
from tests.dev import groups
from tests.ledger import apply
from tests.servers import Database

HTMX = "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"
"""SHA-256 of dist/htmx.min.js of htmx.org 4.0.1 in the npm registry."""
OWN_BYTES = 25_000
PAGE_BYTES = 10_000


def test_the_first_fault_is_named_with_its_next_step(admin: Viewer) -> None:
    page = admin.get("/").text
    assert "Not healthy" in page
    assert "Worker: never seen. Next: check that the worker runs" in page
    assert 'href="/users?role=MENTOR"' in page
    assert page.count("<svg") == 6


def test_the_assets_are_small_and_htmx_is_the_one_of_the_registry(admin: Viewer) -> None:
    size = sum(len(gzip.compress(content)) for content, _ in assets.files().values())
    assert size < OWN_BYTES
    assert hashlib.sha256((assets.DIRECTORY / "htmx.min.js").read_bytes()).hexdigest() == HTMX
    served = admin.client.get(assets.url("htmx.min.js"))
    assert (served.status_code, served.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert "immutable" in served.headers["cache-control"]


def test_pages_are_small(admin: Viewer, engine: Engine) -> None:
    for path in ("/", "/users", "/users/user_admin", "/users/user_admin/explain?role=ADMIN", "/roles/import"):
        response = admin.get(path)
        assert response.status_code == 200
        assert len(gzip.compress(response.content)) < PAGE_BYTES


def test_full_pages_are_small_too(admin: Viewer, engine: Engine) -> None:
    clerk = Clerk()
    sent = [
        each
        for number in range(120)
        for each in (clerk.created(f"user_full_{number}"), clerk.updated(f"user_full_{number}", updated_at=None))
    ]
    apply(engine, clerk, *sent)
    for start in range(0, 200, 10):
        begin = datetime(2031, 1, 1, tzinfo=UTC) + timedelta(days=start)
        people.assign(engine, "user_full_1", Role.MENTOR, start=begin, end=begin + timedelta(days=5))
    pages = [
        admin.get(path) for path in ("/users", "/users/user_full_1", "/events", "/parked", "/audit", "/held", "/drift")
    ]
    form = {"status": "parked", "reason": "For a test.", "do": "preview"}
    pages.append(admin.post("/events/replay", form))
    for page in pages:
        assert (page.status_code, len(gzip.compress(page.content)) < PAGE_BYTES) == (200, True), page.url


def test_all_is_well_if_every_component_works_and_nothing_waits(admin: Viewer, database: Database) -> None:
    admin.post("/events/replay", {"status": "parked", "reason": "For a test.", "do": "discard"})
    for part in MOVING:
        heart = Heartbeat(database.app_url, part)
        heart.beat(0)
        heart.close()
    groups.until(lambda: "All is well: every component works, and nothing waits for a decision." in admin.get("/").text)
    assert "Not healthy" not in admin.get("/").text
