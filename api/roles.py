"""The roles of one user: read at an instant, assigned, changed and explained. Each change is one transaction."""

from api.call import ApiRequest
from api.requests import Assign, ChangeEnd, ExplainQuery, Revoke, RolesQuery
from api.responses import Assignment, Explanation, RolesAt
from api.services import Services
from db.assignments import Window
from roles import assignments as changes
from roles import explanation, history


def at(services: Services, call: ApiRequest[RolesQuery, None]) -> RolesAt:
    """The roles that the user held at an instant, and how the guard treated the user.

    Without `as_of` the answer is what was so: what the guard decided at that instant, or would have decided. With
    `as_of=now` it is what is known now about that instant, including corrections that were recorded later. An instant
    in the future is answered by what is known now. `question` says which of the two was answered, `revisions` lists
    the audit lines that make the answers differ. A change counts from when it was recorded; the guard applies it when
    its transaction commits, usually a few milliseconds later.
    """
    with services.engine.begin() as connection:
        found = history.roles_at(connection, call.subject, call.query.at, call.query.as_of)
    return RolesAt.model_validate(found)


def assign(services: Services, call: ApiRequest[None, Assign]) -> Assignment:
    """Give the user a role, from now or later on, for a while or until somebody ends it.

    Two windows of one role never overlap: 409 names the assignment in the way. Who assigns comes from the token.
    """
    asked = call.body
    window = Window(role=asked.role, start=asked.start, end=asked.end)
    with services.changing(call.caller.clerk_id, call.subject) as connection:
        given = changes.assign(connection, call.author(asked.reason), call.subject, window, asked.notes)
    return Assignment.model_validate(given)


def change_end(services: Services, call: ApiRequest[None, ChangeEnd]) -> Assignment:
    """Let an assignment end earlier, later, or not at all. No time that has an ADMIN is left without one: 409."""
    asked = call.body
    with services.changing(call.caller.clerk_id, call.subject) as connection:
        changed = changes.change_end(connection, call.author(asked.reason), call.subject, call.assignment_id, asked.end)
    return Assignment.model_validate(changed)


def revoke(services: Services, call: ApiRequest[None, Revoke]) -> Assignment:
    """End an assignment now, or cancel one that has not begun. Nothing is deleted.

    No time that has an ADMIN is left without one: 409.
    """
    with services.changing(call.caller.clerk_id, call.subject) as connection:
        ended = changes.revoke(connection, call.author(call.body.reason), call.subject, call.assignment_id)
    return Assignment.model_validate(ended)


def explain(services: Services, call: ApiRequest[ExplainQuery, None]) -> Explanation:
    """Why the user held a role at an instant, or did not: the assignment, its lines in the audit trail, the admin or
    the delivery behind each, and how that delivery was verified.

    `at` and `as_of` mean the same as for the roles at an instant: by default the answer is what was so then, with
    `as_of=now` it is what is known now. A ban or a deletion is judged at that instant too.
    """
    with services.engine.begin() as connection:
        found = explanation.explain(connection, call.subject, call.query.role, call.query.at, call.query.as_of)
    return Explanation.model_validate(found)
