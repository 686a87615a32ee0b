"""Pages that search users, and show one user."""

from typing import Any

from starlette.responses import Response

from akako_guard.role import Role
from api.responses import Assignment, UserWithHistory
from console import people, timeline
from console.forms import Form
from console.page import Page
from console.timeline import Bar

STATUSES = {"active": {"banned": False}, "banned": {"banned": True}, "deleted": {"deleted": True}}
DONE = {
    "assigned": "The role was assigned.",
    "ended": "The end of the assignment was changed.",
    "revoked": "The assignment was ended.",
}
NO_FORM = Form()


async def search(page: Page) -> Response:
    """Search users as the viewer types, with filters."""
    query = dict(page.query)
    status = STATUSES.get(query.pop("status", ""), {})
    found = await page.ask("users", query={"limit": 50} | query | status)
    return page.render("users.html", found=found, query=page.query)


async def show(page: Page) -> Response:
    """Show one user: a sentence, the timeline, all assignments, and the form that assigns a role."""
    user = await page.ask("user", clerk_id=page.path["clerk_id"])
    return await render(page, user, NO_FORM, 200)


async def render(page: Page, user: UserWithHistory, form: Form, status: int, problem: Any = None) -> Response:
    """The page of a user; `problem` is why the form, whose fields are shown again, was refused."""
    now = user.as_of
    shown = [(each, people.state(each, now)) for each in user.assignments]
    bars = [
        Bar(
            id=each.id,
            role=each.role,
            start=each.effective_start_date,
            end=each.effective_end_date,
            state=state,
            label=each.reason or "",
        )
        for each, state in shown
        if state != people.CANCELLED
    ]
    return page.render(
        "user.html",
        status,
        user=user,
        name=people.name(user),
        sentence=people.sentence(user, page.zone),
        picture=timeline.draw(bars, now, page.zone) if bars else None,
        assignments=[(each, people.STATES[state], people.can_change(each, now)) for each, state in shown],
        is_last_admin=await is_last_admin(page, user),
        done=DONE.get(page.query.get("done", "")),
        form=form,
        problem=problem,
        roles=list(Role),
    )


async def is_last_admin(page: Page, user: UserWithHistory) -> bool:
    """Whether this user is the only one who holds ADMIN now. The API decides again when a role is changed."""
    if Role.ADMIN not in user.roles or user.banned:
        return False
    found = await page.ask("users", query={"role": Role.ADMIN, "banned": False, "limit": 2})
    return [each.clerk_id for each in found.items] == [user.clerk_id]


def find(user: UserWithHistory, assignment_id: str) -> Assignment | None:
    """The assignment of this user with the id in a path."""
    return next((each for each in user.assignments if str(each.id) == assignment_id), None)
