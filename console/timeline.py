"""Draws the assignments of a user in time: past, held and to come, one row for each role."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from markupsafe import Markup

from akako_guard.role import Role
from console.svg import element, number, text
from console.zones import Zone

WIDTH, NAMES, TOP, ROW, BAR = 1000, 90, 30, 38, 26
CHARACTER = 6.7
"""Width of a character of a label."""
MOST_TICKS = 12
_STEPS = (1, 7, 14, 31, 92, 183, 366, 732, 1830, 3660)
"""Days between two lines of the grid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """An assignment as it is drawn."""

    id: int
    role: Role
    start: datetime
    end: datetime | None
    state: str
    """`past`, `held` or `to-come`."""
    label: str
    """What is written on the bar, if there is room."""


@dataclass(frozen=True, slots=True)
class _Scale:
    left: datetime
    right: datetime

    def x(self, at: datetime) -> float:
        share = (min(max(at, self.left), self.right) - self.left) / (self.right - self.left)
        return NAMES + share * (WIDTH - NAMES)


def draw(bars: Sequence[Bar], now: datetime, zone: Zone) -> Markup:
    """The picture. The table of assignments says the same in words, so it is one group with a link for each bar."""
    roles = [role for role in Role if any(bar.role is role for bar in bars)]
    scale = _scale(bars, now)
    height = TOP + ROW * len(roles) + 4
    parts = [*_grid(scale, height)]
    for place, role in enumerate(roles):
        y = TOP + ROW * place + (ROW - BAR) / 2
        parts.append(text(role.value, 0, y + 17, class_="name"))
        parts += [_bar(bar, y, scale, zone) for bar in bars if bar.role is role]
    x = scale.x(now)
    parts.append(element("line", class_="now", x1=x, x2=x, y1=18, y2=height))
    parts.append(text("now", x - 4, 27, class_="now", text_anchor="end"))
    shown = f"from {zone.text(scale.left)} to {zone.text(scale.right)} {zone.name}"
    label = f"Roles in time, {shown}; the table below says the same"
    return element("svg", *parts, view_box=f"0 0 {WIDTH} {height}", role="group", aria_label=label)


def _scale(bars: Sequence[Bar], now: datetime) -> _Scale:
    """The time that is shown: everything that has a date, at least a month, and a margin for what has no end."""
    times = [now, *(bar.start for bar in bars), *(bar.end for bar in bars if bar.end)]
    # An end in a distant year would leave no room for the rest.
    latest = min(max(times), now + max(timedelta(days=730), now - min(times)))
    span = max(latest - min(times), timedelta(days=30))
    return _Scale(min(times) - span * 0.02, latest + span * 0.1)


def _grid(scale: _Scale, height: float) -> Iterator[Markup]:
    days = (scale.right - scale.left) / timedelta(days=1)
    step = next((each for each in _STEPS if days / each <= MOST_TICKS), _STEPS[-1])
    at = _aligned(scale.left, step)
    while at < scale.right:
        if at > scale.left:
            x = scale.x(at)
            shown = f"{at:%-d %b}" if step < 31 else f"{at:%b %Y}" if at.month == 1 or step >= 92 else f"{at:%b}"
            yield element("line", class_="grid", x1=x, x2=x, y1=18, y2=height)
            if x + 3 + len(shown) * CHARACTER < WIDTH:
                yield text(shown, x + 3, 14)
        at = _aligned(at + timedelta(days=step), step)


def _aligned(at: datetime, step: int) -> datetime:
    """The start of the day, or of the month, or of the year, so that lines stand at round dates."""
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if step < 31:
        return day
    return day.replace(day=1) if step < 366 else day.replace(day=1, month=1)


def _bar(bar: Bar, y: float, scale: _Scale, zone: Zone) -> Markup:
    left, right = scale.x(bar.start), scale.x(bar.end or scale.right)
    width = max(right - left, 3)
    until = f"until {zone.text(bar.end)}" if bar.end else "without an end"
    title = f"{bar.role}: from {zone.text(bar.start)} {until} ({bar.state.replace('-', ' ')})"
    kind = f"{bar.role.lower()} {bar.state}"
    if bar.end is None and width > BAR:
        tip = BAR / 2
        along = number(width - tip)
        points = f"M{number(left)} {number(y)}h{along}l{tip:g} {tip:g}l-{tip:g} {tip:g}h-{along}z"
        shape = element("path", class_=kind, d=points)
    else:
        shape = element("rect", class_=kind, x=left, y=y, width=width, height=BAR, rx=4)
    room = int((width - 20) / CHARACTER)
    label = bar.label if len(bar.label) <= room else bar.label[: max(room - 1, 0)].rstrip() + "…"
    shown = [text(label, left + 7, y + 17, aria_hidden="true")] if room >= 4 and label else []
    return element("a", element("title", Markup("{}").format(title)), shape, *shown, href=f"#assignment-{bar.id}")
