"""Reads and writes the times that people give: RFC 3339, with a zone, to the microsecond."""

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
    """The instant in UTC. Raises ValueError, which says what to write instead."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"give a time with its zone, like {_EXAMPLE}")
    _judge(found)
    moment = datetime.fromisoformat(text.upper())
    if not EARLIEST <= moment <= LATEST:
        raise ValueError("give a time from 1970 on and before the year 9000")
    return moment.astimezone(UTC)


def write(moment: datetime) -> str:
    """The instant as `read` takes it, with its fraction of a second if it has one."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _judge(found: re.Match[str]) -> None:
    """Name the part that does not exist, in place of "no time"."""
    zone, fraction = found["zone"], found["fraction"]
    if not zone:
        raise ValueError(f"add the zone to the time, Z or an offset, like {_EXAMPLE}")
    if zone.startswith(" "):
        raise ValueError("write the + of the zone as %2B in a query")
    if fraction and len(fraction) > 6:
        raise ValueError("give at most six digits for the fraction of a second: times are kept in microseconds")
    year, month, day = (int(found[name]) for name in ("year", "month", "day"))
    if not year or not 1 <= month <= 12 or not 1 <= day <= monthrange(year, month)[1]:
        raise ValueError(f"give a day of the calendar: {year:04}-{month:02}-{day:02} does not exist")
    if found["hour"] == "24":
        raise ValueError("write midnight as 00:00:00 of the next day: hours go from 00 to 23")
    limits = {"hour": 23, "minute": 59, "second": 59, "zone_hour": 23, "zone_minute": 59}
    for name, most in limits.items():
        if int(found[name] or 0) > most:
            raise ValueError(f"give a time of the day and an offset that exist: {name.replace('_', ' ')} {found[name]}")
