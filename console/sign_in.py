"""Pages to sign in, to sign out, and to choose the time zone. ClerkJS does what Clerk's sessions need."""

import re
from urllib.parse import urlsplit

from starlette.responses import Response

from akako_guard.credentials import CLIENT_COOKIE, SESSION_COOKIE
from console import zones
from console.page import SIGN_IN, Page

ZONE_SECONDS = 365 * 86_400
_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")


def safe_path(text: str) -> str:
    """The path if it leads to a page of the console other than this one; else the start page."""
    parts = urlsplit(text) if _PATH.fullmatch(text) else None
    if parts is None or parts.scheme or parts.netloc or parts.path in (SIGN_IN, "/sign-out"):
        return "/"
    return text


async def show(page: Page) -> Response:
    """Renew the session, or sign in; then continue with the page in `next`."""
    return page.render("sign_in.html", next=safe_path(page.request.query_params.get("next", "/")))


async def sign_out(page: Page) -> Response:
    """Remove the session cookies; ClerkJS on the page ends the session at Clerk, which would renew them."""
    response = page.render("signed_out.html")
    for name in page.request.cookies:
        if name.startswith((SESSION_COOKIE, CLIENT_COOKIE)):
            response.delete_cookie(name)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


async def set_zone(page: Page) -> Response:
    """Show times in another zone."""
    form = await page.form()
    response = page.redirect(safe_path(form.text("next")))
    wanted = zones.find(form.text("zone")) or zones.UTC_ZONE
    response.set_cookie(zones.SHOWN_COOKIE, wanted.name, ZONE_SECONDS, httponly=True, samesite="lax")
    return response
