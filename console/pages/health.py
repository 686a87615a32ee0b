"""The start page: is the sync healthy?"""

from starlette.responses import Response

from console.page import Page


async def show(page: Page) -> Response:
    """Show the state of the sync."""
    stats = await page.ask("event_stats")
    return page.render("health.html", stats=stats)
