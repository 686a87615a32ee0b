"""Stored events."""

from starlette.responses import Response

from console import filters
from console.operations import Refused
from console.page import Page

NAMES = ("status", "type", "user", "since", "until", "error", "error_kind", "cursor")
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
    return page.render("event.html", event=found, problem="", reason="")


async def reveal(page: Page) -> Response:
    """Show one event with its body as received. The audit trail records the reason."""
    form = await page.form()
    svix_id, reason = page.path["svix_id"], form.text("reason")
    try:
        found = await page.ask("reveal", body={"reason": reason}, svix_id=svix_id)
    except Refused as refused:
        found = await page.ask("event", svix_id=svix_id)
        return page.render("event.html", refused.status, event=found, problem=str(refused), reason=reason)
    return page.render("event.html", event=found, problem="", reason="")


async def parked(page: Page) -> Response:
    """Show the parked events by kind of reason."""
    found = await page.ask("matching_events", query={"status": "parked"})
    return page.render("parked.html", found=found)
