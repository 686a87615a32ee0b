"""Reads the filters of a list from the query or the form of its page."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from console import zones
from console.page import Page

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
    """The filters with these names. A time counts in the zone that the form names."""
    given = {name: values[name] for name in (*names, "zone") if values.get(name)}
    asked: dict[str, Any] = {name: value for name, value in given.items() if name not in (*TIMES, "zone")}
    zone = zones.find(given.get("zone", "")) or page.zone
    problem = ""
    for name in TIMES:
        if name in given:
            try:
                asked[name] = zone.read(given[name])
            except ValueError as error:
                problem = str(error)
    if not any(name in given for name in TIMES):
        given.pop("zone", None)
    return Filters(given, asked, problem)
