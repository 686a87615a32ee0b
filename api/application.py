"""The desk put together: its routes, and what lives as long as it does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from access import authentication
from api import openapi, operation, problems, reference
from api.desk import Desk
from api.envelope import Envelope
from api.table import OPERATIONS
from clerk.backend import Backend
from config.formats import split_parties
from config.settings import ApiSettings
from db import engine
from health import ready

log = structlog.get_logger()

STATEMENT_SECONDS = 10
LOCK_SECONDS = 5


def build(settings: ApiSettings) -> Starlette:
    """The ASGI application that users and admins ask."""
    guard = authentication.build(settings)
    database = engine.connect(
        settings.database_url.get_secret_value(),
        "api",
        connections=settings.api_connections,
        statement_seconds=STATEMENT_SECONDS,
        lock_seconds=LOCK_SECONDS,
    )
    backend = Backend(settings.clerk_secret_key.get_secret_value(), settings.clerk_api_url)
    desk = Desk(database, backend, settings.default_role)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        log.info("api.started")
        yield
        await asyncio.to_thread(guard.close)
        backend.close()
        database.dispose()
        log.info("api.stopped")

    app = Starlette(
        routes=[
            *operation.routes(OPERATIONS, desk, settings.api_max_body_bytes),
            *_documentation(),
            Route("/healthz", healthz),
            Route(
                "/readyz", ready.build(settings.database_url.get_secret_value(), settings.redis_url.get_secret_value())
            ),
        ],
        middleware=[
            Middleware(Envelope),
            *_cors(split_parties(settings.api_allowed_origins)),
            Middleware(AuthenticationMiddleware, backend=guard),
        ],
        exception_handlers={HTTPException: problems.handle_http, Exception: problems.handle_any},
        lifespan=lifespan,
    )
    # It would send whoever asks, token and all, to the host that the request names, over plain HTTP behind a proxy.
    app.router.redirect_slashes = False
    return app


def _cors(origins: tuple[str, ...]) -> list[Middleware]:
    """Closed, unless origins are named."""
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "POST", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type"],
            expose_headers=["X-Request-Id", "Retry-After"],
            max_age=600,
        )
    ]


def _documentation() -> list[Route]:
    document = openapi.document(OPERATIONS)
    page = reference.html(document)

    async def json(_: Request) -> Response:
        return JSONResponse(document)

    async def html(_: Request) -> Response:
        return HTMLResponse(page, headers={"Content-Security-Policy": reference.POLICY})

    return [Route("/api/openapi.json", json), Route("/api/reference", html)]


async def healthz(_: Request) -> Response:
    """This process answers; whether its parts do is another question."""
    return JSONResponse({"status": "ok"})
