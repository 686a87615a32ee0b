"""The real ClerkJS in Chromium, on pages of a development Clerk.

Playwright is installed by `make test-browser`, ClerkJS from tests/node/package-lock.json, the example LMS from
sdk/typescript/package-lock.json.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.served_clerk import ServedClerk, served_clerk

CLERKJS = Path(__file__).parents[1] / "node/node_modules/@clerk/clerk-js/dist"
OPTIONS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.fixture
def clerk() -> Iterator[ServedClerk]:
    with served_clerk() as running:
        yield running


@pytest.fixture
def page() -> Iterator[Any]:
    """A page of Chromium."""
    with chromium() as browser:
        yield browser.new_context().new_page()


@contextmanager
def chromium() -> Iterator[Any]:
    """Chromium; skips where it is missing, unless AKAKO_REQUIRE demands it."""
    program, required = shutil.which("chromium"), "browser" in os.environ.get("AKAKO_REQUIRE", "")
    if not program or not CLERKJS.exists():
        (pytest.fail if required else pytest.skip)("needs Chromium and Node.js: run make test-browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=OPTIONS)
        yield browser
        browser.close()
