"""The roles of one user: read at an instant, assigned, changed and explained. Each change is one transaction."""

from access import assignments as changes
from access import explanation
from access.refusal import UserUnknown
from api.answers import Assignment, Explanation, RolesAt
from api.call import Call
from api.desk import Desk
from api.questions import Assign, ChangeEnd, ExplainQuery, Revoke, RolesQuery
from db import assignments, clock, directory
from db.assignments import Window


def at(desk: Desk, call: Call[RolesQuery, None]) -> RolesAt:
    """What the user held at an instant, or will hold then as things stand. Left out, the instant is now."""
    with desk.engine.begin() as connection:
        instant = call.query.at or clock.now(connection)
        entry = directory.show(connection, call.subject)
        if entry is None:
            raise UserUnknown
        held = assignments.at(connection, entry.id, instant)
    return RolesAt(
        clerk_id=entry.clerk_id,
        at=instant,
        roles=sorted({each.role for each in held}),
        assignments=[Assignment.model_validate(each) for each in held],
    )


def assign(desk: Desk, call: Call[None, Assign]) -> Assignment:
    """Give the user a role, from now or later on, for a while or until somebody ends it.

    Two windows of one role never overlap: 409 names the assignment in the way. Who assigns comes from the token.
    """
    asked = call.body
    window = Window(role=asked.role, start=asked.start, end=asked.end)
    with desk.changing(call.caller.clerk_id, call.subject) as connection:
        given = changes.assign(connection, call.author(asked.reason), call.subject, window, asked.notes)
    return Assignment.model_validate(given)


def change_end(desk: Desk, call: Call[None, ChangeEnd]) -> Assignment:
    """Let an assignment end earlier, later, or not at all. No time that has an ADMIN is left without one: 409."""
    asked = call.body
    with desk.changing(call.caller.clerk_id, call.subject) as connection:
        changed = changes.change_end(connection, call.author(asked.reason), call.subject, call.assignment_id, asked.end)
    return Assignment.model_validate(changed)


def revoke(desk: Desk, call: Call[None, Revoke]) -> Assignment:
    """End an assignment now, or cancel one that has not begun. Nothing is deleted.

    No time that has an ADMIN is left without one: 409.
    """
    with desk.changing(call.caller.clerk_id, call.subject) as connection:
        ended = changes.revoke(connection, call.author(call.body.reason), call.subject, call.assignment_id)
    return Assignment.model_validate(ended)


def explain(desk: Desk, call: Call[ExplainQuery, None]) -> Explanation:
    """Why the user holds a role at an instant, or does not: the assignment, its lines in the audit trail, the admin or
    the delivery behind each, and how that delivery was verified. Left out, the instant is now.
    """
    with desk.engine.begin() as connection:
        instant = call.query.at or clock.now(connection)
        found = explanation.explain(connection, call.subject, call.query.role, instant)
    return Explanation.model_validate(found)
