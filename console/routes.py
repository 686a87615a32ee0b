"""All pages of the console."""

from collections.abc import Sequence
from typing import TypeAlias

from starlette.routing import BaseRoute, Route

from console import assets, sign_in
from console.page import SIGN_IN, Handler, Site, endpoint
from console.pages import assignments, audit, drift, events, explain, find, health, held, imports, replay, users

PageRoute: TypeAlias = tuple[str, str, Handler]

PAGES: tuple[PageRoute, ...] = (
    ("GET", "/", health.show),
    ("GET", "/users", users.search),
    ("GET", "/users/{clerk_id}", users.show),
    ("POST", "/users/{clerk_id}/roles", assignments.assign),
    ("GET", "/users/{clerk_id}/roles/{id}", assignments.show),
    ("POST", "/users/{clerk_id}/roles/{id}/end", assignments.change_end),
    ("POST", "/users/{clerk_id}/roles/{id}/revoke", assignments.revoke),
    ("GET", "/users/{clerk_id}/explain", explain.show),
    ("GET", "/roles/import", imports.show),
    ("POST", "/roles/import", imports.run),
    ("GET", "/events", events.search),
    ("GET", "/events/replay", replay.show),
    ("POST", "/events/replay", replay.act),
    ("GET", "/events/{svix_id}", events.show),
    ("POST", "/events/{svix_id}", events.reveal),
    ("GET", "/parked", events.parked),
    ("GET", "/held", held.show),
    ("POST", "/held", held.decide),
    ("GET", "/drift", drift.search),
    ("POST", "/drift", drift.repair_all),
    ("GET", "/drift/{drift_id}", drift.show),
    ("POST", "/drift/{drift_id}", drift.repair),
    ("GET", "/audit", audit.show),
    ("GET", "/find", find.find),
    ("GET", SIGN_IN, sign_in.show),
    ("POST", "/sign-out", sign_in.sign_out),
    ("POST", "/zone", sign_in.set_zone),
)


def routes(site: Site, more: Sequence[PageRoute]) -> list[BaseRoute]:
    """The routes of all pages, of `more`, and of the static files."""
    paths: dict[str, dict[str, Handler]] = {}
    for method, path, handler in (*PAGES, *more):
        paths.setdefault(path, {})[method] = handler
    made: list[BaseRoute] = [assets.route()]
    for path, handlers in paths.items():
        made += [Route(path, endpoint(site, handler), methods=[method]) for method, handler in handlers.items()]
    return made
