"""The start page: is the sync healthy?"""

from typing import Any

from markupsafe import Markup
from starlette.responses import Response

from console import chart
from console.page import Page
from console.zones import Zone

SPANS = {"hour": "The last hour", "day": "The last day"}


async def show(page: Page) -> Response:
    """Show the state of the sync in one sentence, its parts, and what was accepted and applied."""
    health = await page.ask("health")
    charts = [
        (title, _charts(await page.ask("activity", query={"span": span}), page.zone, title.lower()))
        for span, title in SPANS.items()
    ]
    return page.render("health.html", health=health, charts=charts)


def _charts(found: Any, zone: Zone, span: str) -> list[tuple[str, Markup]]:
    """The charts of a span, each with its heading: a sentence that says the same."""
    starts = [each.start for each in found.intervals]
    accepted = [each.accepted for each in found.intervals]
    applied = [each.applied for each in found.intervals]
    lags = [each.lag_p95 for each in found.intervals]
    slowest = max((lag for lag in lags if lag is not None), default=None)
    headings = (
        f"{sum(accepted):,} accepted",
        f"{sum(applied):,} applied",
        "No lag to show" if slowest is None else f"Lag up to {slowest:.2g} s (95th percentile)",
    )
    return [
        (headings[0], chart.bars(accepted, starts, zone, f"{headings[0]} in {span}")),
        (headings[1], chart.bars(applied, starts, zone, f"{headings[1]} in {span}", "bar second")),
        (headings[2], chart.line(lags, starts, zone, f"{headings[2]} in {span}", "s")),
    ]
