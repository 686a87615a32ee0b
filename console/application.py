"""Builds the ASGI application: pages, middleware, and the resources that it opens and closes."""

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from akako_guard.authentication import Authentication
from api import application as api
from api.envelope import Envelope
from api.metrics import REFUSED, note_failed_lookup, note_refused_token
from config import logs
from config.rate_limited_log import rate_limited
from config.settings import ConsoleSettings
from console import policy, templates
from console.operations import Operations
from console.page import Page, Site
from console.policy import OwnFormsOnly
from console.routes import PageRoute, routes
from console.templates import ClerkJs
from health import process_starts
from health.readiness import Readiness
from serving.limits import ServerState, limits
from serving.rejection import RejectReason

log = structlog.get_logger()

CLERK_JS = "/npm/@clerk/clerk-js@6/dist/clerk.browser.js"


def build(settings: ConsoleSettings, pages: Sequence[PageRoute] = (), middleware: Sequence[Middleware] = ()) -> ASGIApp:
    """Build the ASGI application; `pages` and `middleware` are added for development."""
    guard = Authentication(settings.guard, on_refused=note_refused_token, on_lookup_failed=note_failed_lookup)
    services = api.open_services(settings)
    refused = rate_limited("request.refused", REFUSED)
    bounds = limits(settings, refused.note, body_bytes=settings.api_max_body_bytes, total_bytes=api.WAITING_BYTES)
    site = Site(
        operations=Operations(services),
        templates=templates.environment(clerk_js(settings)),
        largest_form=settings.api_max_body_bytes,
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[ServerState]:
        process_starts.count_start()
        log.info("console.started")
        yield ServerState(limits=bounds)
        await asyncio.to_thread(guard.close)
        services.first_logins.close()
        services.engine.dispose()
        refused.close()
        log.info("console.stopped")

    async def not_found(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        refused.note(RejectReason.WRONG_METHOD if status == 405 else RejectReason.NO_SUCH_PATH)
        message = "There is no such page. The links above lead to all pages."
        return Page(site, request).render("error.html", status, title="No such page", message=message)

    async def failed(request: Request, error: Exception) -> Response:
        log.error("request.failed", **logs.fault(error))
        message = "Internal error. Report the request id to the operator."
        return Page(site, request).render("error.html", 500, title="This did not work", message=message)

    app = Starlette(
        routes=[
            *routes(site, pages),
            Route("/healthz", healthz),
            Route("/readyz", Readiness(services.components).answer),
        ],
        middleware=[
            Middleware(OwnFormsOnly, origin=settings.console_url),
            *middleware,
            Middleware(AuthenticationMiddleware, backend=guard),
        ],
        exception_handlers={HTTPException: not_found, Exception: failed},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return Envelope(app, policy.headers(policy.script_origin(settings.frontend_api)))


def clerk_js(settings: ConsoleSettings) -> ClerkJs:
    """How pages load ClerkJS. The publishable key contains the host of the Frontend API, and so follows from it."""
    host = settings.clerk_issuer.partition("://")[2]
    kind = "live" if settings.is_live else "test"
    derived = f"pk_{kind}_{base64.b64encode(f'{host}$'.encode()).decode()}"
    is_proxied = "/" in host or settings.frontend_api != settings.clerk_issuer
    return ClerkJs(
        url=settings.frontend_api + CLERK_JS,
        publishable_key=settings.clerk_publishable_key or derived,
        proxy_url=settings.frontend_api if is_proxied else "",
    )


async def healthz(_: Request) -> Response:
    """Liveness check: this process answers requests. `/readyz` checks its dependencies."""
    return JSONResponse({"status": "ok"})
