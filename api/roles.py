"""Endpoints that read, assign, change and explain the roles of one user. Each change is one transaction."""

from api.call import ApiRequest
from api.requests import Assign, ChangeEnd, ExplainQuery, Revoke, RolesQuery
from api.responses import Assignment, Explanation, RolesAt
from api.services import Services
from db.assignments import Window
from roles import assignments as changes
from roles import explanation, history


def at(services: Services, call: ApiRequest[RolesQuery, None]) -> RolesAt:
    """Return the roles that the user held at a point in time, and the status of the user at that time.

    Without `as_of`, the answer is what the guard decided at that time, or would have decided. With `as_of=now`, it is
    what is known now about that time, including corrections that were recorded later. A time in the future is always
    answered with what is known now. `question` says which of the two was answered, and `revisions` lists the audit
    lines that make the answers differ. A change counts from when it was recorded; the guard applies it when its
    transaction commits, usually a few milliseconds later.
    """
    with services.engine.begin() as connection:
        found = history.roles_at(connection, call.subject, call.query.at, call.query.as_of)
    return RolesAt.model_validate(found)


def assign(services: Services, call: ApiRequest[None, Assign]) -> Assignment:
    """Assign a role to the user, from now or a later time on, with or without an end.

    Assignments of the same role must not overlap; otherwise the response is 409 with the id of the conflicting
    assignment. The assigning admin is taken from the token.
    """
    body = call.body
    window = Window(role=body.role, start=body.start, end=body.end)
    with services.changing(call.caller.clerk_id, call.subject) as connection:
        assigned = changes.assign(connection, call.author(body.reason), call.subject, window, body.notes)
    return Assignment.model_validate(assigned)


def change_end(services: Services, call: ApiRequest[None, ChangeEnd]) -> Assignment:
    """Change the end of an assignment to an earlier or later time, or remove it.

    Returns 409 if a time that has an ADMIN would be left without one.
    """
    body = call.body
    with services.changing(call.caller.clerk_id, call.subject) as connection:
        changed = changes.change_end(connection, call.author(body.reason), call.subject, call.assignment_id, body.end)
    return Assignment.model_validate(changed)


def revoke(services: Services, call: ApiRequest[None, Revoke]) -> Assignment:
    """End an assignment now, or cancel one that has not started. Nothing is deleted.

    Returns 409 if a time that has an ADMIN would be left without one.
    """
    with services.changing(call.caller.clerk_id, call.subject) as connection:
        ended = changes.revoke(connection, call.author(call.body.reason), call.subject, call.assignment_id)
    return Assignment.model_validate(ended)


def explain(services: Services, call: ApiRequest[ExplainQuery, None]) -> Explanation:
    """Explain why the user held, or did not hold, a role at a point in time.

    The response contains the assignment, its audit lines, the admin or the delivery that caused each of them, and how
    that delivery was verified. `at` and `as_of` work as for the roles at a point in time: by default the answer is the
    state at that time, and with `as_of=now` it is what is known now. A ban or a deletion also counts as of that time.
    """
    with services.engine.begin() as connection:
        found = explanation.explain(connection, call.subject, call.query.role, call.query.at, call.query.as_of)
    return Explanation.model_validate(found)
