"""Finds the page of any id or address."""

from collections.abc import Awaitable
from urllib.parse import quote

from starlette.responses import Response

from console.operations import Refused
from console.page import Page


async def find(page: Page) -> Response:
    """Redirect to the page of what the viewer entered: a user, an event, the lines of a request, or a search."""
    text = page.query.get("q", "").strip()
    if not text:
        await page.ask("users", query={"limit": 1})  # for admins, like every page
        return page.render("find.html", text="")
    if text.isdecimal() and await _exists(page.ask("difference", drift_id=text)):
        return page.redirect(f"/drift/{text}")
    if "@" not in text and " " not in text:
        if await _exists(page.ask("user", clerk_id=text)):
            return page.redirect(f"/users/{_in_path(text)}")
        if await _exists(page.ask("event", svix_id=text)):
            return page.redirect(f"/events/{_in_path(text)}")
        lines = await page.ask("audit", query={"cause": text[:255], "limit": 1})
        if lines.items:
            return page.redirect("/audit", cause=text)
    users = await page.ask("users", query={"q": text[:200], "limit": 2})
    if len(users.items) == 1:
        return page.redirect(f"/users/{_in_path(users.items[0].clerk_id)}")
    if users.items:
        return page.redirect("/users", q=text)
    return page.render("find.html", 404, text=text)


async def _exists(answer: Awaitable[object]) -> bool:
    try:
        await answer
    except Refused as refused:
        if refused.status == 404:
            return False
        raise
    return True


def _in_path(text: str) -> str:
    return quote(text, safe="")
