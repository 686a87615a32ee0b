"""Deletions that wait for a person."""

from typing import Any

from starlette.responses import Response

from console import progress
from console.forms import Form
from console.operations import Refused
from console.page import Page

SLICE = 20
PREVIEWED = 50
CHOOSE = "Select deletions, or all of them, and not both. Nothing was changed."


async def show(page: Page) -> Response:
    """Show the held deletions by reason, and the form to decide about them."""
    return await _page(page, Form(), reached=progress.read(page.request.query_params))


async def decide(page: Page) -> Response:
    """Preview, release or reject the next slice."""
    form = await page.form()
    operation = "reject_deletions" if form.text("do").endswith("reject") else "release_deletions"
    previews = form.text("do") not in ("release", "reject")
    ids, is_all = form.texts("clerk_id"), form.text("all") == "true"
    if bool(ids) == is_all:
        return await _page(page, form, problem=CHOOSE, status=422)
    chosen: dict[str, Any] = {"all": True} if is_all else {"clerk_ids": ids}
    body = {**chosen, "reason": form.text("reason"), "limit": PREVIEWED if previews else SLICE, "dry_run": previews}
    if form.text("cursor"):
        body["cursor"] = form.text("cursor")
    try:
        done = await page.ask(operation, body=body)
    except Refused as refused:
        reached = progress.interrupted(form)
        return await _page(page, form, reached=reached, problem=str(refused), status=refused.status)
    if previews:
        return await _page(page, form, preview=done)
    left = (progress.LeftOut(each.clerk_id, each.why) for each in done.left)
    reached = progress.after(form, len(done.done), left, done.next)
    return await _page(page, form, reached=reached) if page.is_update else page.redirect("/held", **reached.query())


async def _page(
    page: Page,
    form: Form,
    *,
    preview: Any = None,
    reached: progress.Progress | None = None,
    problem: str = "",
    status: int = 200,
) -> Response:
    cursor = page.query.get("cursor")
    summary = await page.ask("deletions_summary")
    found = await page.ask("deletions", query={"cursor": cursor}) if reached is None else None
    return page.render(
        "held.html",
        status,
        found=found,
        summary=summary,
        preview=preview,
        progress=reached,
        act=form.text("do"),
        reason=form.text("reason"),
        chosen=form.texts("clerk_id"),
        is_all=form.text("all") == "true",
        problem=problem,
    )
