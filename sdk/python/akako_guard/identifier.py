"""Accepts identifiers of Clerk: text that is stored and compared as it is."""

LONGEST = 255


def identifier(value: object) -> str | None:
    """The value if it can be a Clerk id (1 to 255 visible ASCII characters), else None."""
    if (
        isinstance(value, str)
        and 0 < len(value) <= LONGEST
        and value.isascii()
        and value.isprintable()
        and " " not in value
    ):
        return value
    return None
