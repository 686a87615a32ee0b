"""The audit trail."""

from starlette.responses import Response

from console import filters
from console.page import Page

NAMES = ("user", "actor", "action", "cause", "since", "until", "cursor")
ACTIONS = (
    "user.created", "user.banned", "user.unbanned", "user.deleted", "role.assigned", "role.prolonged", "role.shortened",
    "role.revoked", "role.expired", "event.replayed", "event.discarded", "event.revealed", "access.refused",
)  # fmt: skip


async def show(page: Page) -> Response:
    """Show the lines that match the filters, or return all of them as CSV or JSON lines."""
    chosen = filters.read(page, page.query, NAMES)
    form = page.query.get("format")
    if form and not chosen.problem:
        asked = {name: value for name, value in chosen.asked.items() if name != "cursor"}
        streamed: Response = await page.ask("audit", query={**asked, "format": form})
        return streamed
    found = await page.ask("audit", query=chosen.asked)
    query = {name: value for name, value in chosen.given.items() if name != "cursor"}
    status = 422 if form else 200
    return page.render("audit.html", status, found=found, query=query, problem=chosen.problem, actions=ACTIONS)
