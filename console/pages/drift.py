"""Differences from Clerk, and the walks that find them."""

from typing import Any

from starlette.responses import Response

from console import progress
from console.forms import Form
from console.operations import Refused
from console.page import Page

NAMES = ("class", "user", "ended", "cursor")
SLICE = 50
DONE = {"repaired": "The user is as Clerk says now.", "resolved": "The difference had ended by itself."}


async def search(page: Page) -> Response:
    """List differences, their classes, and the walks with their progress."""
    return await _list(page, Form(), page.query, reached=progress.read(page.request.query_params))


async def repair_all(page: Page) -> Response:
    """Preview or repair the next slice of a class."""
    form = await page.form()
    previews = form.text("do") != "repair"
    body: dict[str, Any] = {"all": True, "reason": form.text("reason"), "limit": SLICE, "dry_run": previews}
    body |= {name: form.text(name) for name in ("class", "cursor") if form.text(name)}
    query = {"class": form.text("class")} if form.text("class") else {}
    try:
        done = await page.ask("repair", body=body)
    except Refused as refused:
        reached = progress.interrupted(form)
        return await _list(page, form, query, reached=reached, problem=str(refused), status=refused.status)
    if previews:
        return await _list(page, form, query, preview=done)
    settled = len(done.repaired) + len(done.resolved)
    left = (progress.LeftOut(str(each.id), each.why) for each in done.left)
    reached = progress.after(form, settled, left, done.next)
    if page.is_update:
        return await _list(page, form, query, reached=reached)
    return page.redirect("/drift", **query, **reached.query())


async def show(page: Page) -> Response:
    """Show one difference."""
    return await _one(page, Form(), done=DONE.get(page.query.get("done", ""), ""))


async def repair(page: Page) -> Response:
    """Preview or make the repair of one difference."""
    form = await page.form()
    drift_id = (await page.ask("difference", drift_id=page.path["drift_id"])).id
    body = {
        "ids": [drift_id],
        "reason": form.text("reason"),
        "force": form.text("force") == "on",
        "dry_run": form.text("do") != "repair",
    }
    try:
        done = await page.ask("repair", body=body)
    except Refused as refused:
        return await _one(page, form, problem=str(refused), status=refused.status)
    if done.left:
        return await _one(page, form, problem=done.left[0].why, status=409)
    if done.difference is not None:
        return await _one(page, form, preview=done.difference, done=DONE["resolved"] if done.resolved else "")
    return page.redirect(f"/drift/{drift_id}", done="resolved" if done.resolved else "repaired")


async def _one(
    page: Page, form: Form, *, preview: Any = None, done: str = "", problem: str = "", status: int = 200
) -> Response:
    found = await page.ask("difference", drift_id=page.path["drift_id"])
    reason, force = form.text("reason"), form.text("force") == "on"
    return page.render(
        "difference.html",
        status,
        drift=found,
        preview=preview,
        done=done,
        reason=reason,
        force=force,
        problem=problem,
    )


async def _list(
    page: Page,
    form: Form,
    query: Any,
    *,
    preview: Any = None,
    reached: progress.Progress | None = None,
    problem: str = "",
    status: int = 200,
) -> Response:
    given = {name: query[name] for name in NAMES if name in query}
    return page.render(
        "drift.html",
        status,
        summary=await page.ask("drift_summary"),
        found=await page.ask("drift", query=given),
        query={name: value for name, value in given.items() if name != "cursor"},
        preview=preview,
        progress=reached,
        reason=form.text("reason"),
        problem=problem,
    )
