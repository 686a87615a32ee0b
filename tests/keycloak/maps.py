"""Maps of the invented realm."""

MAP = """
count = "effective"

[roles.realm]
"default-roles-akademie" = "ignore"
offline_access = "ignore"
pupil = "LEARNER"
coach = "MENTOR"
head = "ADMIN"
ring-a = "ignore"
ring-b = "ignore"

[roles.client.lms]
manage = "ignore"
pupil = "LEARNER"

[users]
disabled = "ban"
unverified = "reserve"
federated = "skip"
social_only = "import"
without_password = "import"
"""
"""Decides about every role, and every kind of users."""


def changed(*changes: tuple[str, str]) -> str:
    """The map with parts replaced, each of which it has."""
    text = MAP
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    return text
