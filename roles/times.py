"""Parses and formats times: RFC 3339 with a time zone, to the microsecond."""

import re
from calendar import monthrange
from datetime import UTC, datetime

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9000, 1, 1, tzinfo=UTC)

_EXAMPLE = "2026-09-01T08:00:00Z or 2026-09-01T10:00+02:00"
_TIME = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})[Tt ]"
    r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]+))?)?"
    r"(?P<zone>[Zz]|[+ -](?P<zone_hour>[0-9]{2}):(?P<zone_minute>[0-9]{2}))?"
)


def read(text: str) -> datetime:
    """Parse a time and convert it to UTC. Raises ValueError with a message that says what to write instead."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"give a time with a time zone, such as {_EXAMPLE}")
    _check(found)
    parsed = datetime.fromisoformat(text.upper())
    if not EARLIEST <= parsed <= LATEST:
        raise ValueError("give a time from 1970 on and before the year 9000")
    return parsed.astimezone(UTC)


def write(time: datetime) -> str:
    """Format a time so that `read` can parse it, with its fraction of a second if it has one."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _check(found: re.Match[str]) -> None:
    """Raise ValueError that names the invalid part."""
    zone, fraction = found["zone"], found["fraction"]
    if not zone:
        raise ValueError(f"add a time zone, Z or an offset, such as {_EXAMPLE}")
    if zone.startswith(" "):
        raise ValueError("write the + of the offset as %2B in a query")
    if fraction and len(fraction) > 6:
        raise ValueError("give at most six digits for the fraction of a second: times have microsecond precision")
    year, month, day = (int(found[name]) for name in ("year", "month", "day"))
    if not year or not 1 <= month <= 12 or not 1 <= day <= monthrange(year, month)[1]:
        raise ValueError(f"give an existing date: {year:04}-{month:02}-{day:02} does not exist")
    if found["hour"] == "24":
        raise ValueError("write midnight as 00:00:00 of the next day: hours range from 00 to 23")
    limits = {"hour": 23, "minute": 59, "second": 59, "zone_hour": 23, "zone_minute": 59}
    for name, most in limits.items():
        if int(found[name] or 0) > most:
            raise ValueError(
                f"give a valid time of day and offset: {name.replace('_', ' ')} {found[name]} is out of range"
            )
