"""Writes text as TOML."""


def quoted(text: str | None) -> str:
    """A basic string of TOML."""
    escaped = (
        f"\\u{ord(each):04x}" if ord(each) < 32 or ord(each) == 127 else f"\\{each}" if each in '"\\' else each
        for each in text or ""
    )
    return f'"{"".join(escaped)}"'
