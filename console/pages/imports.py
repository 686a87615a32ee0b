"""The page that imports roles from a file: first a preview of each line, then all lines or none."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from console.forms import Form
from console.operations import Refused
from console.page import Page

WRITTEN = ("added", "present", "cause")
"""What the page says after an import."""


async def show(page: Page) -> Response:
    """Show the form. The caller's role is checked by an operation, as on every page."""
    await page.ask("users", query={"limit": 1})
    return _render(page, Form(), 200, written={name: page.query.get(name, "") for name in WRITTEN})


async def run(page: Page) -> Response:
    """Preview the file, or import it if the preview was confirmed."""
    form = await page.form()
    body = {
        "content": form.text("content"),
        "reason": form.text("reason"),
        "format": form.text("format"),
        "who": form.text("who"),
        "dry_run": form.text("action") != "import",
    }
    try:
        result = await page.ask("import_roles", body=body)
    except Refused as refused:
        return _render(page, form, refused.status, problem=str(refused))
    if result.written:
        return page.redirect("/roles/import", **{name: str(getattr(result, name)) for name in WRITTEN})
    return _render(page, form, 200, result=result)


def _render(
    page: Page,
    form: Form,
    status: int,
    *,
    result: Any = None,
    written: Mapping[str, str] | None = None,
    problem: str | None = None,
) -> Response:
    return page.render("import.html", status, form=form, result=result, written=written or {}, problem=problem)
