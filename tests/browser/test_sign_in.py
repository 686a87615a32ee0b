"""A page signs in at the development Clerk, gets tokens, and signs out."""

import base64
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from dev.clerk_instance import ISSUER
from tests.api.served import served
from tests.browser.conftest import CLERKJS
from tests.served_clerk import ServedClerk

pytestmark = [pytest.mark.browser, pytest.mark.processes]

BUNDLE = "/npm/@clerk/clerk-js@6/dist/"
KEY = "pk_test_" + base64.b64encode(f"{ISSUER.partition('://')[2]}$".encode()).decode()
PAGE = f"""
<!doctype html><title>LMS</title>
<script src="{BUNDLE}clerk.browser.js" data-clerk-publishable-key="{KEY}" data-clerk-proxy-url="%s"></script>
"""
LOADED = "async () => { await window.Clerk.load(); return window.Clerk.user && window.Clerk.user.id; }"
TOKEN = "() => window.Clerk.session.getToken()"
# With a callback ClerkJS does not open another page afterwards.
SIGN_OUT = "async () => { await window.Clerk.signOut(() => undefined); return window.Clerk.user; }"


@pytest.fixture
def lms(clerk: ServedClerk) -> Iterator[str]:
    """The URL of an application whose page loads ClerkJS."""
    page = PAGE % clerk.url.replace("127.0.0.1", "localhost")
    routes = [Route("/", lambda _: HTMLResponse(page)), Mount(BUNDLE.rstrip("/"), StaticFiles(directory=CLERKJS))]
    with served(Starlette(routes=routes)) as url:
        yield url.replace("127.0.0.1", "localhost")


def test_a_user_signs_in_on_the_page_of_the_instance_and_out_in_the_application(
    clerk: ServedClerk, page: Any, lms: str
) -> None:
    (clerk_id,) = clerk.create()
    url = clerk.url.replace("127.0.0.1", "localhost")

    page.goto(f"{url}/users/{clerk_id}")
    page.get_by_role("button", name="Sign in as this user").click()
    page.wait_for_load_state()
    page.goto(lms)
    page.wait_for_function("window.Clerk !== undefined")

    assert page.evaluate(LOADED) == clerk_id
    claims = jwt.decode(page.evaluate(TOKEN), options={"verify_signature": False})
    assert (claims["sub"], claims["azp"], claims["iss"]) == (clerk_id, lms, ISSUER)
    assert page.evaluate(SIGN_OUT) is None
    later = page.context.new_page()
    later.goto(lms)
    later.wait_for_function("window.Clerk !== undefined")
    assert later.evaluate(LOADED) is None
