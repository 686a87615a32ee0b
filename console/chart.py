"""Draws counts and times as charts of bars or lines."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from markupsafe import Markup

from console.svg import element, number, text
from console.zones import Zone

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 480, 130, 44, 12, 20


def bars(values: Sequence[int], starts: Sequence[datetime], zone: Zone, label: str, kind: str = "bar") -> Markup:
    """A bar for each interval."""
    most = max([*values, 1])
    step = (WIDTH - LEFT) / len(values)
    drawn = [
        element(
            "rect",
            class_=kind,
            x=LEFT + step * place,
            y=_y(value, most),
            width=max(step - 1, 0.8),
            height=_floor() - _y(value, most),
        )
        for place, value in enumerate(values)
        if value
    ]
    return _frame(f"{most:,}", starts, zone, label, drawn)


def line(values: Sequence[float | None], starts: Sequence[datetime], zone: Zone, label: str, unit: str) -> Markup:
    """A line through the intervals that have a value, with a dot where a neighbour has none."""
    most = max([value for value in values if value is not None], default=0.0) or 1.0
    step = (WIDTH - LEFT) / len(values)
    drawn = []
    for known, group in groupby(enumerate(values), key=lambda pair: pair[1] is not None):
        points = [(LEFT + step * (place + 0.5), _y(value or 0, most)) for place, value in group]
        if known and len(points) > 1:
            drawn.append(
                element("polyline", class_="line", points=" ".join(f"{number(x)},{number(y)}" for x, y in points))
            )
        elif known:
            drawn.append(element("circle", class_="line", cx=points[0][0], cy=points[0][1], r=1.5))
    return _frame(f"{most:.2g} {unit}", starts, zone, label, drawn)


def _frame(most: str, starts: Sequence[datetime], zone: Zone, label: str, drawn: Sequence[Markup]) -> Markup:
    floor = _floor()
    return element(
        "svg",
        element("line", class_="grid", x1=LEFT, x2=WIDTH, y1=TOP, y2=TOP),
        element("line", class_="grid", x1=LEFT, x2=WIDTH, y1=floor, y2=floor),
        text(most, LEFT - 5, TOP + 4, text_anchor="end"),
        text("0", LEFT - 5, floor + 4, text_anchor="end"),
        *drawn,
        text(zone.clock(starts[0]), LEFT, HEIGHT - 4),
        text(zone.clock(starts[-1]), WIDTH, HEIGHT - 4, text_anchor="end"),
        view_box=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_label=label,
    )


def _floor() -> float:
    return HEIGHT - BOTTOM


def _y(value: float, most: float) -> float:
    return _floor() - value / most * (_floor() - TOP)
