"""Stored events."""

from starlette.responses import Response

from console import filters
from console.operations import Refused
from console.page import Page

NAMES = ("status", "type", "user", "since", "until", "error", "error_kind", "cursor")
DONE = {
    "applied": "The event was replayed.",
    "ignored": "The event was replayed, and changes nothing by its type.",
    "discarded": "The event was discarded.",
}
STATUSES = ("received", "applied", "ignored", "parked", "discarded", "held")


async def search(page: Page) -> Response:
    """List events by status, type, user, time and text."""
    chosen = filters.read(page, page.query, NAMES)
    found = await page.ask("events", query=chosen.asked)
    query = {name: value for name, value in chosen.given.items() if name != "cursor"}
    return page.render("events.html", found=found, query=query, problem=chosen.problem, statuses=STATUSES)


async def show(page: Page) -> Response:
    """Show one event, redacted, and what it changed."""
    found = await page.ask("event", svix_id=page.path["svix_id"])
    return _one(page, found, done=DONE.get(page.query.get("done", ""), ""))


async def reveal(page: Page) -> Response:
    """Show one event with its body as received. The audit trail records the reason."""
    form = await page.form()
    svix_id, reason = page.path["svix_id"], form.text("reason")
    try:
        found = await page.ask("reveal", body={"reason": reason}, svix_id=svix_id)
    except Refused as refused:
        found = await page.ask("event", svix_id=svix_id)
        return _one(page, found, refused.status, problem=str(refused), reason=reason)
    return _one(page, found)


def _one(
    page: Page, found: object, status: int = 200, *, done: str = "", problem: str = "", reason: str = ""
) -> Response:
    return page.render("event.html", status, event=found, done=done, problem=problem, reason=reason)


async def parked(page: Page) -> Response:
    """Show the parked events by kind of reason."""
    found = await page.ask("matching_events", query={"status": "parked"})
    return page.render("parked.html", found=found)
