"""All pages of the console."""

from starlette.routing import BaseRoute, Route

from console import assets, sign_in
from console.page import SIGN_IN, Handler, Site, endpoint
from console.pages import health, users

PAGES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/", health.show),
    ("GET", "/users", users.search),
    ("GET", SIGN_IN, sign_in.show),
    ("POST", "/sign-out", sign_in.sign_out),
    ("POST", "/zone", sign_in.set_zone),
)


def routes(site: Site) -> list[BaseRoute]:
    """The routes of all pages and of the static files."""
    paths: dict[str, dict[str, Handler]] = {}
    for method, path, handler in PAGES:
        paths.setdefault(path, {})[method] = handler
    made: list[BaseRoute] = [assets.route()]
    for path, handlers in paths.items():
        made += [Route(path, endpoint(site, handler), methods=[method]) for method, handler in handlers.items()]
    return made
