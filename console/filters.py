"""Reads the filters of a list from the query or the form of its page."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from console import zones
from console.page import Page
from console.zones import Zone

TIMES = ("since", "until")


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of a list."""

    given: dict[str, str]
    """As the viewer gave them, for fields and links."""
    asked: dict[str, Any]
    """As the API reads them."""
    problem: str = ""
    """What is wrong with a time, and what to enter instead; that filter is left out."""


def read(page: Page, values: Mapping[str, str], names: Collection[str]) -> Filters:
    """The filters with these names. A time counts in the zone that the form names, and is given in that of the page."""
    given = {name: values[name] for name in (*names, "zone") if values.get(name)}
    asked: dict[str, Any] = {name: value for name, value in given.items() if name not in (*TIMES, "zone")}
    zone = zones.find(given.pop("zone", "")) or page.zone
    problem = ""
    for name in TIMES:
        if name in given:
            try:
                asked[name] = zone.read(given[name])
            except ValueError as error:
                problem = str(error)
    if any(name in given for name in TIMES):
        given |= {"zone": zone.name} | _in_zone(page.zone, {name: asked[name] for name in TIMES if name in asked})
    return Filters(given, asked, problem)


def _in_zone(zone: Zone, times: Mapping[str, datetime]) -> dict[str, str]:
    """Times as fields of this zone; empty if one is ambiguous there, so that they stay as they were given."""
    shown = {name: zone.field(at) for name, at in times.items()}
    try:
        same = all(zone.read(text) == times[name] for name, text in shown.items())
    except ValueError:
        return {}
    return {**shown, "zone": zone.name} if same else {}
