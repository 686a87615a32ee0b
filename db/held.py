"""The rule that decides whether an assignment is held at a time, as SQL. It ignores bans and deletions."""


def held_at(time: str) -> str:
    """A condition on `user_roles`; `time` is an SQL expression. The view `current_roles` repeats it."""
    window = f"effective_start_date <= {time} and (effective_end_date is null or effective_end_date > {time})"
    return f"(is_active and {window})"


HELD_NOW = held_at("now()")
"""At the time of the transaction, by the clock of the database."""
