"""The page that explains why a user held a role at an instant: what was so, and what is known now."""

from typing import Any

from starlette.responses import Response

from akako_guard.role import Role
from console import people, zones
from console.operations import Refused
from console.page import Page

MOST_DELIVERIES = 10
"""How many deliveries of an explanation are verified again."""


async def show(page: Page) -> Response:
    """Answer why the user has a role now, or had it at the time that was asked for, and verify the deliveries again."""
    clerk_id = page.path["clerk_id"]
    user = await page.ask("user", clerk_id=clerk_id)
    role = page.query.get("role", "")
    if role not in list(Role):
        role = Role.MENTOR
    problem: str | None = None
    at = None
    if text := page.query.get("at"):
        try:
            at = (zones.find(page.query.get("zone", "")) or zones.UTC_ZONE).read(text)
        except ValueError as error:
            problem = str(error)
    answers = [await page.ask("explain", query={"role": role, "at": at}, clerk_id=clerk_id)]
    if at is not None and at < user.as_of:
        answers.append(await page.ask("explain", query={"role": role, "at": at, "as_of": "now"}, clerk_id=clerk_id))
    return page.render(
        "explain.html",
        422 if problem else 200,
        user=user,
        name=people.name(user),
        wanted=role,
        roles=list(Role),
        at=at,
        answers=answers,
        deliveries=await _verified(page, answers),
        problem=problem,
    )


async def _verified(page: Page, answers: list[Any]) -> dict[str, Any]:
    """The deliveries behind the answers, verified again, by svix id."""
    svix_ids = dict.fromkeys(each.svix_id for answer in answers for each in answer.deliveries)
    found = {}
    for svix_id in list(svix_ids)[:MOST_DELIVERIES]:
        try:
            found[svix_id] = await page.ask("event", svix_id=svix_id)
        except Refused:
            continue
    return found
