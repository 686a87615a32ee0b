"""What pages say about users and their assignments."""

from collections.abc import Sequence
from datetime import datetime

from markupsafe import Markup

from akako_guard.role import Role
from api.responses import Assignment, UserSummary, UserWithHistory
from console.zones import Zone

PAST, HELD, TO_COME, CANCELLED = "past", "held", "to-come", "cancelled"
STATES = {
    PAST: ("ended", "soft"),
    HELD: ("held now", "good"),
    TO_COME: ("to come", "warn"),
    CANCELLED: ("cancelled", "soft"),
}
"""The word and the tone of each state."""


def name(user: UserSummary) -> str:
    """The user's name, or else the username, the e-mail address or the Clerk id."""
    full = " ".join(filter(None, (user.first_name, user.last_name)))
    return full or user.username or user.email or user.clerk_id


def state(assignment: Assignment, now: datetime) -> str:
    """Whether an assignment is past, held, to come or was cancelled before it began."""
    start, end = assignment.effective_start_date, assignment.effective_end_date
    if end is not None and end <= start:
        return CANCELLED
    if assignment.held:
        return HELD
    return TO_COME if start > now and assignment.is_active else PAST


def can_change(assignment: Assignment, now: datetime) -> bool:
    """Whether the assignment can still be changed: it is held, or to come."""
    return assignment.is_active and state(assignment, now) in (HELD, TO_COME)


def sentence(user: UserWithHistory, zone: Zone) -> Markup:
    """Who this is, in one to three sentences: status, roles held, and what changes next."""
    if user.deleted_at is not None:
        return Markup("Was deleted at Clerk on {}; every role ended then.").format(zone.html(user.deleted_at))
    now = user.as_of
    held = [each for each in user.assignments if state(each, now) == HELD]
    said = [_holds(held, banned=user.banned)]
    ends = sorted(
        ((each.effective_end_date, each.role) for each in held if each.effective_end_date), key=lambda pair: pair[0]
    )
    said += [Markup("{} ends on {}.").format(_role(role), zone.html(end)) for end, role in ends]
    upcoming = sorted(
        ((each.effective_start_date, each.role) for each in user.assignments if state(each, now) == TO_COME),
        key=lambda pair: pair[0],
    )
    said += [Markup("{} begins on {}.").format(_role(role), zone.html(start)) for start, role in upcoming]
    return Markup(" ").join(said)


def _holds(held: Sequence[Assignment], *, banned: bool) -> Markup:
    roles = _and(sorted({each.role for each in held}, key=list(Role).index))
    if banned:
        return Markup("Is banned at Clerk, so every request is refused{}.").format(
            Markup("; would otherwise hold {}").format(roles) if held else ""
        )
    return Markup("Holds {} now.").format(roles) if held else Markup("Holds no role now.")


def _and(roles: Sequence[Role]) -> Markup:
    shown = [_role(role) for role in roles]
    return (
        Markup(" and ").join([Markup(", ").join(shown[:-1]), shown[-1]]) if len(shown) > 1 else Markup("").join(shown)
    )


def _role(role: Role) -> Markup:
    return Markup('<span class="role {}">{}</span>').format(role.lower(), role)
