"""Replays or discards everything that matches: previewed, with one reason, slice by slice."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from console import filters, progress
from console.filters import Filters
from console.forms import Form
from console.operations import Refused
from console.page import Page

NAMES = ("status", "type", "user", "since", "until", "error", "error_kind", "svix_id")
SLICE = 500
PREVIEWED = 100
"""Events whose changes are previewed at once: their users are locked meanwhile."""


async def show(page: Page) -> Response:
    """Show what matches, by reason, and the form to preview, replay or discard it."""
    reached = progress.read(page.request.query_params)
    return await _page(page, filters.read(page, page.query, NAMES), Form(), reached=reached)


async def act(page: Page) -> Response:
    """Preview, replay or discard the next slice."""
    form = await page.form()
    chosen = filters.read(page, {name: form.text(name) for name in (*NAMES, "zone")}, NAMES)
    if chosen.problem:
        return await _page(page, chosen, form, problem=chosen.problem, status=422)
    try:
        match form.text("do"):
            case "discard":
                done = await page.ask("discard", body=_body(chosen, form, SLICE))
                return await _done(page, chosen, form, {"discarded": done.discarded}, done)
            case "replay":
                body = _body(chosen, form, SLICE) | {"force": form.text("force") == "on"}
                done = await page.ask("replay", body=body)
                return await _done(page, chosen, form, {"applied": done.applied, "ignored": done.ignored}, done)
            case _:
                body = _body(chosen, form, PREVIEWED) | {"preview": True, "force": form.text("force") == "on"}
                return await _page(page, chosen, form, preview=await page.ask("replay", body=body))
    except Refused as refused:
        reached = progress.interrupted(form)
        return await _page(page, chosen, form, reached=reached, problem=str(refused), status=refused.status)


def _body(chosen: Filters, form: Form, limit: int) -> dict[str, Any]:
    asked = {name: value for name, value in chosen.asked.items() if name != "svix_id"}
    named = {"svix_ids": [chosen.asked["svix_id"]]} if "svix_id" in chosen.asked else {}
    cursor = {"cursor": form.text("cursor")} if form.text("cursor") else {}
    return {**asked, **named, **cursor, "reason": form.text("reason"), "limit": limit}


async def _done(page: Page, chosen: Filters, form: Form, counts: Mapping[str, int], answer: Any) -> Response:
    """What was done: of one event on its page, of all that match as progress."""
    if "svix_id" in chosen.asked:
        if answer.left:
            return await _page(page, chosen, form, problem=answer.left[0].why, status=409)
        outcome = next((name for name, count in counts.items() if count), "")
        return page.redirect(f"/events/{quote(chosen.asked['svix_id'], safe='')}", done=outcome)
    left = (progress.LeftOut(each.svix_id, each.why) for each in answer.left)
    reached = progress.after(form, sum(counts.values()), left, answer.next)
    if page.is_update:
        return await _page(page, chosen, form, reached=reached)
    force = {"force": "on"} if form.text("force") == "on" else {}
    return page.redirect("/events/replay", **chosen.given, **force, **reached.query())


async def _page(
    page: Page,
    chosen: Filters,
    form: Form,
    *,
    preview: Any = None,
    reached: progress.Progress | None = None,
    problem: str = "",
    status: int = 200,
) -> Response:
    """The page; what matches is counted only before the work begins."""
    matching = None
    if "svix_id" in chosen.asked:
        await page.ask("event", svix_id=chosen.asked["svix_id"])
    elif reached is not None:
        await page.ask("events", query={"limit": 1})  # for admins, like every page
    else:
        matching = await page.ask("matching_events", query=chosen.asked)
    return page.render(
        "replay.html",
        status,
        query=chosen.given,
        matching=matching,
        preview=preview,
        progress=reached,
        previewed=PREVIEWED,
        reason=form.text("reason"),
        force=(form.text("force") or page.query.get("force")) == "on",
        problem=problem or chosen.problem,
    )
