"""The rules that decide whether an assignment is held at a time, and whether a user is refused, as SQL."""


def held_at(time: str) -> str:
    """A condition on `user_roles`; `time` is an SQL expression. It ignores bans and deletions.

    The view `current_roles` repeats it.
    """
    window = f"effective_start_date <= {time} and (effective_end_date is null or effective_end_date > {time})"
    return f"(is_active and {window})"


HELD_NOW = held_at("now()")
"""At the time of the transaction, by the clock of the database."""

REFUSED = "(banned or access_ended)"
"""A condition on `users`: banned in Clerk, or deleted there while the deletion is held. The views repeat it."""
