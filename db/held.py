"""The rule that decides whether an assignment is held now. It ignores bans and deletions."""

HELD_NOW = """
    is_active and effective_start_date <= now() and (effective_end_date is null or effective_end_date > now())
"""
"""A condition on `user_roles`, by the clock of the transaction. The view `current_roles` repeats it."""
