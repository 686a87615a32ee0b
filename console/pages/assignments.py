"""Pages that assign a role, change the end of an assignment, and revoke it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import quote

from starlette.responses import Response

from akako_guard.role import Role
from api.responses import Assignment, UserWithHistory
from console import people, zones
from console.forms import Form
from console.operations import Refused
from console.page import Page
from console.pages import users

DAYS = {str(days): timedelta(days=days) for days in (7, 30, 90, 180, 365)}
"""Presets for the end of an assignment."""
MOST_PAGE_AGE = timedelta(days=1)
"""A preset of a page that is older is refused: its viewer no longer means the day when it was loaded."""
_UNKNOWN = "This user has no assignment with this id. The table of the user lists all of them."


async def assign(page: Page) -> Response:
    """Assign a role; after a refusal, show the user's page with the form as it was sent."""
    form = await page.form()
    user: UserWithHistory = await page.ask("user", clerk_id=page.path["clerk_id"])
    try:
        start = _time(form, "start")
        end = _end(form, lambda: start or user.as_of)
        body = {"role": form.text("role"), "reason": form.text("reason"), "start": start, "end": end}
        made: Assignment = await page.ask("assign", body=body, clerk_id=user.clerk_id)
    except Refused as refused:
        return await users.render(page, user, form, refused.status, refused)
    return page.redirect(f"{_user(user)}#assignment-{made.id}", done="assigned")


async def show(page: Page) -> Response:
    """Show an assignment with the forms that change its end and revoke it."""
    user, assignment = await _find(page)
    return await _render(page, user, assignment, users.NO_FORM, 200)


async def change_end(page: Page) -> Response:
    """Change the end of an assignment, or remove it."""
    form = await page.form()
    user, assignment = await _find(page)
    try:
        end = _end(form, lambda: _loaded_at(form, user.as_of))
        body = {"end": end, "reason": form.text("reason")}
        await page.ask("change_end", body=body, clerk_id=user.clerk_id, id=assignment.id)
    except Refused as refused:
        return await _render(page, user, assignment, form, refused.status, refused)
    return page.redirect(f"{_user(user)}#assignment-{assignment.id}", done="ended")


async def revoke(page: Page) -> Response:
    """End an assignment now, or cancel one that has not begun."""
    form = await page.form()
    user, assignment = await _find(page)
    try:
        body = {"reason": form.text("reason")}
        await page.ask("revoke", body=body, clerk_id=user.clerk_id, id=assignment.id)
    except Refused as refused:
        return await _render(page, user, assignment, form, refused.status, refused)
    return page.redirect(f"{_user(user)}#assignment-{assignment.id}", done="revoked")


async def _find(page: Page) -> tuple[UserWithHistory, Assignment]:
    user: UserWithHistory = await page.ask("user", clerk_id=page.path["clerk_id"])
    assignment = users.find(user, page.path["id"])
    if assignment is None:
        raise Refused(404, "assignment_unknown", _UNKNOWN, None)
    return user, assignment


async def _render(
    page: Page,
    user: UserWithHistory,
    assignment: Assignment,
    form: Form,
    status: int,
    problem: Refused | None = None,
) -> Response:
    is_protected = assignment.role is Role.ADMIN and assignment.held and await users.is_last_admin(page, user)
    return page.render(
        "assignment.html",
        status,
        user=user,
        name=people.name(user),
        assignment=assignment,
        state=people.STATES[people.state(assignment, user.as_of)],
        can_change=people.can_change(assignment, user.as_of),
        is_protected=is_protected,
        form=form,
        problem=problem,
    )


def _user(user: UserWithHistory) -> str:
    return f"/users/{quote(user.clerk_id)}"


def _time(form: Form, name: str) -> datetime | None:
    """The time in a field, in the zone in which the form was shown; None if it is empty. Raises Refused."""
    text = form.text(name)
    if not text:
        return None
    try:
        return (zones.find(form.text("zone")) or zones.UTC_ZONE).read(text)
    except ValueError as error:
        raise Refused(422, "invalid", str(error), None) from error


def _loaded_at(form: Form, now: datetime) -> datetime:
    """When the page of this form was loaded: presets count from then, so that a repeated form has the same effect.

    Raises Refused.
    """
    at = zones.read_instant(form.text("as_of"))
    if at is None:
        raise Refused(422, "invalid", "The form does not say when it was loaded. Send it again from this page.", None)
    if at > now:
        raise Refused(422, "invalid", "The form was loaded in the future. Send it again from this page.", None)
    if at < now - MOST_PAGE_AGE:
        message = "The form was loaded more than a day ago. Send it again from this page: days now count from today."
        raise Refused(422, "invalid", message, None)
    return at


def _end(form: Form, start: Callable[[], datetime]) -> datetime | None:
    """The end that was chosen: none, a number of days after the start, or a time. Raises Refused."""
    chosen = form.text("until")
    if chosen == "time":
        end = _time(form, "end")
        if end is None:
            raise Refused(422, "invalid", "Enter the end, or choose another one from the list.", None)
        return end
    if chosen in DAYS:
        try:
            return start() + DAYS[chosen]
        except OverflowError as error:
            raise Refused(422, "invalid", "The start is too far away. Enter an earlier one.", None) from error
    if chosen != "open":
        raise Refused(422, "invalid", "Choose when the role ends.", None)
    return None
