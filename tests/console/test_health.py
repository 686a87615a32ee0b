"""The start page says in one sentence whether the sync is healthy, and leads to everything."""

import gzip
import hashlib

from sqlalchemy import Engine

from console import assets
from tests.console.viewing import Viewer

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
