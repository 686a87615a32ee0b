"""Why a change of roles is refused. Each docstring is the sentence that the person reads."""

from sync.refusal import Refused


class UserUnknown(Refused):
    """We know no user with this Clerk id. If the user is new, the first login or Clerk's webhook brings the user."""

    word = "user_unknown"


class UserDeleted(Refused):
    """This user was deleted in Clerk. A tombstone's roles ended with the deletion and stay as they are."""

    word = "user_deleted"


class AssignmentUnknown(Refused):
    """This user has no assignment with this id. The user's roles list them."""

    word = "assignment_unknown"


class AssignmentOver(Refused):
    """This assignment has ended, and what has ended stays as it was. Assign the role anew."""

    word = "assignment_over"


class StartTooEarly(Refused):
    """The start lies in the past, where the guard did not let the user in. Leave it out: the role begins now."""

    word = "start_too_early"


class EndTooSoon(Refused):
    """The end must lie after the start and after this moment. To end a role now, revoke it."""

    word = "end_too_soon"


class Overlap(Refused):
    """The user holds this role in a part of that time already. Change the end of that assignment, or revoke it."""

    word = "overlap"


class LastAdmin(Refused):
    """That would leave a time without any ADMIN. Give the role to somebody else for that time first."""

    word = "last_admin"
