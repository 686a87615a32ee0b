"""Builds the ASGI application: routes, middleware, and the resources that it opens and closes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from akako_guard.authentication import Authentication
from akako_guard.database import engine
from akako_guard.formats import split_parties
from api import errors, openapi, operation, reference
from api.activity_cache import ActivityCache
from api.envelope import Envelope
from api.first_login import FirstLogins
from api.metrics import REFUSED, note_failed_lookup, note_refused_token
from api.operations import OPERATIONS
from api.refusal_audit import RefusalAudit
from api.services import Services
from api.user_locks import UserLocks
from clerk.backend import Backend
from clerk.signature import SigningSecrets
from config.formats import split_secrets
from config.rate_limited_log import rate_limited
from config.settings import ApiSettings, OperationSettings
from health import process_starts
from health.broker import Broker
from health.components import Components
from health.database import DatabaseProbe
from health.readiness import Readiness
from reconcile.pace import SharedPace
from roles.final_order import FinalOrder
from serving.limits import ServerState, limits
from sync import deletion_limits

log = structlog.get_logger()

STATEMENT_SECONDS = 10
LOCK_SECONDS = 1
"""Lock timeout in the database, and timeout for `UserLocks`, which are taken before a connection."""
FINAL_SECONDS = 1.0
"""Timeout of a request that waits for the newest audit lines to become final."""
WAITING_BYTES = 33_554_432
"""Memory limit for all requests that are being received."""


def build(settings: ApiSettings) -> ASGIApp:
    """Build the ASGI application."""
    guard = Authentication(settings.guard, on_refused=note_refused_token, on_lookup_failed=note_failed_lookup)
    services = open_services(settings)
    refused = rate_limited("request.refused", REFUSED)
    bounds = limits(
        settings,
        refused.note,
        body_bytes=settings.api_max_body_bytes,
        total_bytes=WAITING_BYTES,
        answer=errors.raw_response,
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[ServerState]:
        process_starts.count_start()
        log.info("api.started")
        yield ServerState(limits=bounds)
        await asyncio.to_thread(guard.close)
        services.first_logins.close()
        services.engine.dispose()
        refused.close()
        log.info("api.stopped")

    app = Starlette(
        routes=[
            *operation.routes(OPERATIONS, services, settings.api_max_body_bytes),
            *_documentation(),
            Route("/healthz", healthz),
            Route("/readyz", Readiness(services.components).answer),
        ],
        middleware=[
            *_cors(split_parties(settings.api_allowed_origins), split_parties(settings.api_allowed_headers)),
            Middleware(AuthenticationMiddleware, backend=guard),
        ],
        exception_handlers={
            HTTPException: errors.http_exception_handler(refused.note),
            Exception: errors.handle_exception,
        },
        lifespan=lifespan,
    )
    # A redirect would send the client and its token to the host named in the request, over plain HTTP behind a proxy.
    app.router.redirect_slashes = False
    return Envelope(app)


def open_services(settings: OperationSettings) -> Services:
    """The services of a process with these settings."""
    database = engine.connect(
        settings.database_url.get_secret_value(),
        "api",
        pooler=settings.database_pooler,
        connections=settings.api_connections,
        statement_seconds=STATEMENT_SECONDS,
        lock_seconds=LOCK_SECONDS,
    )
    # Half of the connections remain available for reads.
    user_locks = UserLocks(settings.api_connections // 2, LOCK_SECONDS)
    secret_key = settings.clerk_secret_key.get_secret_value()
    backend = Backend(secret_key, settings.clerk_api_url)
    secrets = settings.clerk_webhook_signing_secret
    probe = DatabaseProbe(settings.database_url.get_secret_value(), settings.database_pooler)
    return Services(
        engine=database,
        user_locks=user_locks,
        first_logins=FirstLogins(database, user_locks, backend, settings.default_role),
        refusal_audit=RefusalAudit(database),
        default_role=settings.default_role,
        signing_secrets=SigningSecrets(split_secrets(secrets)) if secrets else None,
        final_order=FinalOrder(database, FINAL_SECONDS),
        backend=backend,
        pace=SharedPace(settings.requests_per_second),
        deletion_limits=deletion_limits.configured(settings),
        database_probe=probe,
        components=Components(probe, Broker(settings.redis)),
        activity=ActivityCache(),
    )


def _cors(origins: tuple[str, ...], headers: tuple[str, ...]) -> list[Middleware]:
    """CORS middleware; none if no origins are configured."""
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "POST", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", *headers],
            expose_headers=["X-Request-Id", "Retry-After", "X-Audit-Position"],
            max_age=600,
        )
    ]


def _documentation() -> tuple[Route, ...]:
    def json(_: Request) -> Response:
        return JSONResponse(_document())

    def html(_: Request) -> Response:
        return HTMLResponse(_page(), headers={"Content-Security-Policy": reference.POLICY})

    return Route("/api/openapi.json", json), Route("/api/reference", html)


@cache
def _document() -> dict[str, Any]:
    """Built on the first request: most processes never serve it, and it takes a tenth of the time of a start."""
    return openapi.document(OPERATIONS)


@cache
def _page() -> str:
    return reference.html(_document())


async def healthz(_: Request) -> Response:
    """Liveness check: this process answers requests. `/readyz` checks its dependencies."""
    return JSONResponse({"status": "ok"})
