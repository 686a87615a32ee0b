"""A request for a page: calls operations, reads the form, and renders the template."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias
from urllib.parse import quote, urlencode

import structlog
from jinja2 import Environment, Template
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from akako_guard.caller import Caller
from api.envelope import request_id
from console import forms, zones
from console.forms import Form
from console.operations import Operations, Refused, Stopped
from console.zones import Zone

log = structlog.get_logger()

SIGN_IN = "/sign-in"
LOADS_CLERK_JS = "akako.loads_clerk_js"
"""Key of the scope: false if the session is not one of ClerkJS."""


@dataclass(frozen=True, slots=True)
class Site:
    """Shared by all pages."""

    operations: Operations
    templates: Environment
    largest_form: int


class Page:
    """One request for a page."""

    def __init__(self, site: Site, request: Request) -> None:
        self.site = site
        self.request = request
        self._form: Form | None = None

    @cached_property
    def zone(self) -> Zone:
        """The zone in which times are shown."""
        return zones.shown(self.request)

    @property
    def path(self) -> Mapping[str, str]:
        """The parameters in the path."""
        return self.request.path_params

    @property
    def query(self) -> Mapping[str, str]:
        """The query parameters, without spaces around them, as in forms; an empty field filters nothing."""
        return {name: value.strip() for name, value in self.request.query_params.items() if value.strip()}

    @property
    def section(self) -> str:
        """The entry of the navigation to which this page belongs."""
        return "/" + self.request.url.path.split("/")[1]

    @property
    def loads_clerk_js(self) -> bool:
        """Whether Clerk keeps this session; not if another part of the application signed the viewer in."""
        return bool(self.request.scope.get(LOADS_CLERK_JS, True))

    @property
    def here(self) -> str:
        """The path and the query of this page."""
        query = self.request.url.query
        return quote(self.request.url.path, safe="/") + (f"?{query}" if query else "")

    async def ask(
        self,
        operation: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        **path: str | int,
    ) -> Any:
        """The answer of an operation of the API, such as `await page.ask("user", clerk_id=...)`.

        Raises Refused, which a page may show beside its form, and Stopped, which it must not catch.
        """
        texts = {name: str(value) for name, value in path.items()}
        return await self.site.operations.call(self.request, operation, texts, query or {}, body)

    async def form(self) -> Form:
        """The fields of the form that was sent. Raises Refused."""
        if self._form is None:
            self._form = await forms.read(self.request, self.site.largest_form)
        return self._form

    def render(self, template: str, status: int = 200, **values: Any) -> Response:
        """The page of a template, by name."""
        return self._render(self.site.templates.get_template(template), status, values)

    def render_text(self, template: str, status: int = 200, **values: Any) -> Response:
        """The page of a template, by its text."""
        return self._render(self.site.templates.from_string(template), status, values)

    def _render(self, template: Template, status: int, values: Mapping[str, Any]) -> Response:
        user = self.request.scope.get("user")
        return HTMLResponse(
            template.render(
                page=self,
                zone=self.zone,
                time=self.zone.html,
                offered_zone=zones.offered(self.request),
                caller=user if isinstance(user, Caller) else None,
                request_id=request_id(self.request.scope),
                **values,
            ),
            status,
        )

    def redirect(self, path: str, **query: str | Sequence[str]) -> Response:
        """A redirect after a form was processed, so that reloading the page does not send it again.

        A `#fragment` of the path stays behind the query.
        """
        base, _, fragment = path.partition("#")
        target = base + (f"?{urlencode(query, doseq=True)}" if query else "") + (f"#{fragment}" if fragment else "")
        return RedirectResponse(target, 303)

    @property
    def is_update(self) -> bool:
        """Whether htmx asks, to replace a part of the page that is shown."""
        return self.request.headers.get("hx-request") == "true"

    @property
    def goes_on(self) -> bool:
        """Whether work continues by itself: only after a form that a script sent, so that no link starts any."""
        return self.is_update and self.request.method == "POST"


Handler: TypeAlias = Callable[[Page], Awaitable[Response]]
Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


def endpoint(site: Site, handler: Handler) -> Endpoint:
    """The ASGI endpoint of a page."""

    async def endpoint(request: Request) -> Response:
        page = Page(site, request)
        try:
            return await handler(page)
        except ClientDisconnect:
            return Response(status_code=400)
        except Refused as refused:
            return page.render("error.html", refused.status, title="This is not possible", message=str(refused))
        except Stopped as stopped:
            return await _stopped(page, stopped)

    return endpoint


async def _stopped(page: Page, stopped: Stopped) -> Response:
    if stopped.status == 401:
        return await _expired(page)
    if stopped.status == 403:
        response = page.render("forbidden.html", 403)
        response.background = stopped.note
        return response
    response = page.render("error.html", stopped.status, title="Not available now", message=str(stopped))
    response.headers["Retry-After"] = "2"
    return response


async def _expired(page: Page) -> Response:
    """The way to the sign-in page. A form that was sent is shown again on a page that only this browser has."""
    if page.request.method in ("GET", "HEAD"):
        if page.is_update:
            return page.render("expired.html", 401, fields=())
        return RedirectResponse(f"{SIGN_IN}?{urlencode({'next': page.here})}", 303)
    try:
        form = await page.form()
    except Refused:
        form = Form()
    return page.render("expired.html", 401, fields=form.pairs)
