"""Reasons for which a change of roles is refused. Each docstring is the message for the user."""

from sync.refusal import Refused


class UserUnknown(Refused):
    """There is no user with this Clerk id. A new user is created by the first login or by a webhook from Clerk."""

    word = "user_unknown"


class UserDeleted(Refused):
    """This user was deleted in Clerk. The roles ended with the deletion and cannot be changed."""

    word = "user_deleted"


class AssignmentUnknown(Refused):
    """This user has no assignment with this id. List the roles of the user to find it."""

    word = "assignment_unknown"


class AssignmentOver(Refused):
    """This assignment has ended and cannot be changed. Assign the role again."""

    word = "assignment_over"


class StartTooEarly(Refused):
    """The start is in the past, and past decisions of the guard cannot be changed. Omit it to start the role now."""

    word = "start_too_early"


class EndTooSoon(Refused):
    """The end must be after the start and in the future. To end a role now, revoke it."""

    word = "end_too_soon"


class Overlap(Refused):
    """The user already holds this role during part of that time. Change the end of that assignment, or revoke it."""

    word = "overlap"


class LastAdmin(Refused):
    """This would leave a time without any ADMIN. Assign the role to another user for that time first."""

    word = "last_admin"
