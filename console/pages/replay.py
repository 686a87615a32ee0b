"""Replays or discards everything that matches: previewed, with one reason, slice by slice."""

from typing import Any

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
    return await _page(page, filters.read(page, page.query, NAMES), Form())


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
                return await _page(page, chosen, form, reached=_reached(form, done.discarded, done))
            case "replay":
                body = _body(chosen, form, SLICE) | {"force": form.text("force") == "on"}
                done = await page.ask("replay", body=body)
                return await _page(page, chosen, form, reached=_reached(form, done.applied + done.ignored, done))
            case _:
                body = _body(chosen, form, PREVIEWED) | {"preview": True, "force": form.text("force") == "on"}
                return await _page(page, chosen, form, preview=await page.ask("replay", body=body))
    except Refused as refused:
        return await _page(page, chosen, form, problem=str(refused), status=refused.status)


def _body(chosen: Filters, form: Form, limit: int) -> dict[str, Any]:
    asked = {name: value for name, value in chosen.asked.items() if name != "svix_id"}
    named = {"svix_ids": [chosen.asked["svix_id"]]} if "svix_id" in chosen.asked else {}
    cursor = {"cursor": form.text("cursor")} if form.text("cursor") else {}
    return {**asked, **named, **cursor, "reason": form.text("reason"), "limit": limit}


def _reached(form: Form, done: int, answer: Any) -> progress.Progress:
    return progress.after(form, done, list(answer.left), answer.next)


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
    query = {name: value for name, value in chosen.asked.items() if name != "svix_id"}
    counts = reached is None and "svix_id" not in chosen.asked
    return page.render(
        "replay.html",
        status,
        query=chosen.given,
        matching=await page.ask("matching_events", query=query) if counts else None,
        preview=preview,
        progress=reached,
        previewed=PREVIEWED,
        act=form.text("do") or "replay",
        reason=form.text("reason"),
        force=form.text("force") == "on",
        problem=problem or chosen.problem,
    )
