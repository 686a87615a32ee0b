"""The application: Backend API, Frontend API, control and page, with faults and protections around them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from dev.clerk import backend_api, clerk_js, control, frontend_api, page
from dev.clerk.errors import ClerkError
from dev.clerk.faulty import Faulty, respond
from dev.clerk.instance import Instance
from dev.clerk.local_only import LocalOnly

MOST_BODY_BYTES = 1_048_576


def build(instance: Instance) -> Starlette:
    """The application of an instance. Its lifespan delivers; without it, `sender.send_due` does."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with httpx.AsyncClient(trust_env=False, follow_redirects=False) as client:
            sending = asyncio.create_task(instance.sender.run(client))
            yield
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending

    return Starlette(
        routes=[*_routes(instance)],
        middleware=[Middleware(LocalOnly), Middleware(Faulty, faults=instance.faults)],
        exception_handlers={ClerkError: _refused, 404: _unknown, 405: _unknown},
        lifespan=lifespan,
        max_body_size=MOST_BODY_BYTES,
    )


def _routes(instance: Instance) -> list[BaseRoute]:
    return [
        Route("/healthz", _alive),
        *frontend_api.routes(instance),
        *backend_api.routes(instance),
        *clerk_js.routes(),
        *control.routes(instance),
        *page.routes(instance),
    ]


async def _alive(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, ClerkError)  # noqa: S101 - registered for this class only
    return respond(error)


async def _unknown(request: Request, error: Exception) -> Response:
    headers: Mapping[str, str] = getattr(error, "headers", None) or {}
    status = getattr(error, "status_code", 404)
    body = ClerkError(status, "resource_not_found", "not found", f"No such operation: {request.url.path}").body
    return JSONResponse(body, status, dict(headers))
