"""Clerk's Backend API, below /v1: users, e-mail addresses, sessions, the instance, its keys and page of webhooks."""

import hmac
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dev.clerk import email_operations, session_operations, signing_in, user_operations
from dev.clerk.errors import rate_limited, unauthenticated
from dev.clerk.instance import Instance
from dev.clerk.operation import Answer, Operation


def routes(instance: Instance) -> list[Route]:
    """The routes of the Backend API."""
    return [
        Route(f"/v1{path}", _endpoint(instance, operation), methods=[method])
        for (method, path), operation in OPERATIONS.items()
    ]


def control_routes(instance: Instance) -> list[Route]:
    """The same operations for the page and for commands: without a key, limits and faults."""
    return [
        Route(f"/dev/api{path}", _endpoint(instance, operation, authenticates=False), methods=[method])
        for (method, path), operation in OPERATIONS.items()
    ]


def _endpoint(
    instance: Instance, operation: Operation, *, authenticates: bool = True
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        if authenticates:
            _authenticate(instance, request)
        return JSONResponse(operation(instance, request, await request.body()))

    return answer


def _authenticate(instance: Instance, request: Request) -> None:
    """Raise ClerkError unless the request has the secret key and is within the limits."""
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not hmac.compare_digest(key.encode(), instance.state.secret_key.encode()):
        raise unauthenticated(bool(key))
    if seconds := instance.rate_limit.wait("key", instance.limits.requests):
        raise rate_limited(seconds)


def _get_instance(instance: Instance, request: Request, _: bytes) -> Answer:
    return {
        "object": "instance",
        "id": instance.id_of(request.url.path),
        "environment_type": instance.state.environment,
        "allowed_origins": None,
        "workspace_id": None,
    }


def _get_jwks(instance: Instance, _: Request, __: bytes) -> Answer:
    return signing_in.key_set(instance)


def _webhook_page(_: Instance, request: Request, __: bytes) -> Answer:
    """The page of this instance, which shows its endpoint and messages; Clerk's link works once, this one always."""
    return {"svix_url": str(request.base_url)}


OPERATIONS: dict[tuple[str, str], Operation] = {
    **user_operations.OPERATIONS,
    **email_operations.OPERATIONS,
    **session_operations.OPERATIONS,
    ("GET", "/instance"): _get_instance,
    ("GET", "/jwks"): _get_jwks,
    ("POST", "/webhooks/svix_url"): _webhook_page,
}
"""Every operation of the Backend API that is emulated, by method and path."""
