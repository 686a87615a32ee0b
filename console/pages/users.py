"""Pages about users."""

from starlette.responses import Response

from console.page import Page


async def search(page: Page) -> Response:
    """Search users as the viewer types, with filters."""
    found = await page.ask("users", query=page.query)
    return page.render("users.html", found=found, query=page.query)
