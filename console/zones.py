"""Shows and reads times in the zone that the viewer chose: UTC, or the zone of the browser."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from markupsafe import Markup
from starlette.requests import Request

SHOWN_COOKIE = "akako_zone"
"""The zone in which times are shown. Absent: UTC."""
BROWSER_COOKIE = "akako_browser_zone"
"""The zone of the browser, set by console.js."""
_LOCAL = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?")


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone by its IANA name."""

    name: str

    @property
    def _info(self) -> tzinfo:
        return UTC if self.name == "UTC" else ZoneInfo(self.name)

    def text(self, at: datetime) -> str:
        """The time without the zone's name: `28 Nov 2026, 00:49:11`."""
        return f"{at.astimezone(self._info):%-d %b %Y, %H:%M:%S}"

    def clock(self, at: datetime) -> str:
        """The time of day: `00:49`."""
        return f"{at.astimezone(self._info):%H:%M}"

    def html(self, at: datetime, *, named: bool = True) -> Markup:
        """The time as an element; with the zone's name, unless a heading names it."""
        suffix = f" {self.name}" if named else ""
        return Markup('<time datetime="{}" title="{} UTC">{}{}</time>').format(
            instant(at), UTC_ZONE.text(at), self.text(at), suffix
        )

    def field(self, at: datetime) -> str:
        """The time as the value of `<input type="datetime-local">`; seconds only if there are some."""
        local = at.astimezone(self._info)
        return f"{local:%Y-%m-%dT%H:%M:%S}" if local.second else f"{local:%Y-%m-%dT%H:%M}"

    def read(self, text: str) -> datetime:
        """The time in a `datetime-local` field. Raises ValueError with a message that says what to enter instead."""
        if not _LOCAL.fullmatch(text):
            raise ValueError("Enter a date and a time, such as 2026-09-01 08:00.")
        try:
            naive = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(f"{text} does not exist. Enter a date and a time, such as 2026-09-01 08:00.") from None
        try:
            return self._only(naive)
        except OverflowError:
            raise ValueError(f"{text} is too far away. Enter a time between the years 2 and 9998.") from None

    def _only(self, naive: datetime) -> datetime:
        """The one instant at which clocks in this zone show this time; there may be none, or two."""
        first, second = (naive.replace(tzinfo=self._info, fold=fold).astimezone(UTC) for fold in (0, 1))
        if first.astimezone(self._info).replace(tzinfo=None, fold=0) != naive:
            raise ValueError(f"{naive:%Y-%m-%d %H:%M} does not exist in {self.name}: clocks are set forward then.")
        if first != second:
            raise ValueError(
                f"{naive:%Y-%m-%d %H:%M} happens twice in {self.name}: clocks are set back then. "
                f"Switch times to UTC and enter {first:%H:%M} or {second:%H:%M}."
            )
        return first


UTC_ZONE = Zone("UTC")


def instant(at: datetime) -> str:
    """The time as programs read it, to the microsecond: `2026-11-28T00:49:11.5Z`."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read_instant(text: str) -> datetime | None:
    """The time that `instant` wrote; None if it is none."""
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def find(name: str) -> Zone | None:
    """The zone with this IANA name; None if there is none."""
    return Zone(name) if name in _names() else None


@cache
def _names() -> frozenset[str]:
    """All names; reading them opens hundreds of files."""
    return frozenset(available_timezones())


def shown(request: Request) -> Zone:
    """The zone in which this viewer sees times."""
    return find(request.cookies.get(SHOWN_COOKIE, "")) or UTC_ZONE


def offered(request: Request) -> Zone | None:
    """The zone that the switch offers: UTC while a local zone is shown, else that of the browser, if it differs."""
    if shown(request) != UTC_ZONE:
        return UTC_ZONE
    browser = find(request.cookies.get(BROWSER_COOKIE, ""))
    return None if browser in (None, UTC_ZONE) else browser


def ago(seconds: float) -> str:
    """A duration in one or two units: `4 s`, `3 min`, `2 h 5 min`, `3 days`."""
    span = timedelta(seconds=round(max(0.0, seconds)))
    minutes, rest = divmod(int(span.total_seconds()), 60)
    if minutes < 2:
        return f"{minutes * 60 + rest} s"
    if minutes < 120:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} days"
