"""The Jinja2 environment of the pages: values are escaped, and an unknown name is an error."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from console import assets, people, zones

DIRECTORY = Path(__file__).parent / "templates"
NAVIGATION = (
    ("Health", "/"),
    ("Users", "/users"),
    ("Events", "/events"),
    ("Parked", "/parked"),
    ("Held", "/held"),
    ("Drift", "/drift"),
    ("Audit", "/audit"),
)


@dataclass(frozen=True, slots=True)
class ClerkJs:
    """How pages load ClerkJS."""

    url: str
    publishable_key: str
    proxy_url: str
    """Clerk's Frontend API, if it is not at the host that the publishable key contains; otherwise empty."""


def pretty(content: Any) -> str:
    """A JSON value over several lines; the template escapes it."""
    return json.dumps(content, indent=2, ensure_ascii=False)


def environment(clerk_js: ClerkJs | None) -> Environment:
    """The environment; pages load ClerkJS if it is given."""
    made = Environment(
        loader=FileSystemLoader(DIRECTORY),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals.update(
        navigation=NAVIGATION, clerk_js=clerk_js, asset=assets.url, ago=zones.ago, instant=zones.instant
    )
    made.filters["person"] = people.name
    made.filters["pretty"] = pretty
    return made
