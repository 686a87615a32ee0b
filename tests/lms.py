"""A small learning platform that is guarded as the real one is, and those who call it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine
from starlette.applications import Starlette
from starlette.authentication import AuthenticationBackend
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from akako_guard import caller
from akako_guard.authentication import Authentication
from akako_guard.guard import require, signed_in
from akako_guard.role import Role
from akako_guard.settings import Settings
from tests.clerk_signs_in import PARTY, Instance
from tests.ledger import as_owner
from tests.servers import Database


def settings(database: Database | str, instance: Instance, **choices: Any) -> Settings:
    """The settings of an application whose tokens this instance signs."""
    url = database if isinstance(database, str) else database.app_url
    defaults = {"clerk_issuer": instance.issuer, "clerk_jwt_key": instance.pem, "clerk_authorized_parties": PARTY}
    return Settings(database_url=url, **{**defaults, **choices})


def seen(connection: HTTPConnection) -> dict[str, Any]:
    """What an endpoint sees of its caller."""
    who = caller.caller_of(connection)
    return {
        "user_id": who.user_id,
        "clerk_id": who.clerk_id,
        "email": who.email,
        "name": who.display_name,
        "roles": sorted(who.roles),
        "session": who.session_id,
        "actor": who.actor,
    }


async def public(request: Request) -> Response:
    return PlainTextResponse("Welcome.")


@require()
async def me(request: Request) -> Response:
    return JSONResponse(seen(request))


@require(Role.MENTOR, Role.ADMIN)
async def either(request: Request) -> Response:
    return JSONResponse(seen(request))


@require(Role.MENTOR, Role.ADMIN, all_of=True)
async def both(request: Request) -> Response:
    return JSONResponse(seen(request))


@require(Role.MENTOR)
def plain_function(request: Request) -> Response:
    return JSONResponse(seen(request))


class Course(HTTPEndpoint):
    async def get(self, request: Request) -> Response:
        return PlainTextResponse(f"Public: {request.url.path}.")

    @require(Role.MENTOR)
    async def post(self, request: Request) -> Response:
        return JSONResponse(seen(request))

    @require(Role.MENTOR)
    def put(self, request: Request) -> Response:
        return JSONResponse(seen(request))


class Office:
    """An object whose bound methods are endpoints."""

    @require(Role.MENTOR)
    async def show(self, request: Request) -> Response:
        return JSONResponse(seen(request))


@signed_in
async def welcome(request: Request) -> Response:
    session = caller.session_of(request)
    return JSONResponse({"clerk_id": session.clerk_id, "actor": session.actor})


async def files(scope: Scope, receive: Receive, send: Send) -> None:
    await JSONResponse(seen(HTTPConnection(scope)))(scope, receive, send)


@require(Role.MENTOR)
async def classroom(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_json(seen(websocket))
    await websocket.close()


def application(backend: AuthenticationBackend) -> Starlette:
    """The platform."""
    return Starlette(
        routes=[
            Route("/", public),
            Route("/me", me),
            Route("/either", either),
            Route("/both", both),
            Route("/function", plain_function),
            Route("/course", Course),
            Route("/office", Office().show),
            Route("/welcome", welcome),
            Mount("/files", app=require(Role.MENTOR)(files)),
            WebSocketRoute("/classroom", classroom),
        ],
        middleware=[Middleware(AuthenticationMiddleware, backend=backend)],
    )


@contextmanager
def serving(database: Database | str, instance: Instance, **choices: Any) -> Iterator[TestClient]:
    """A client of the platform on this database; `choices` are settings."""
    backend = Authentication(settings(database, instance, **choices))
    try:
        with TestClient(application(backend)) as client:
            yield client
    finally:
        backend.close()


def bearer(token: str) -> dict[str, str]:
    """The header that brings a token."""
    return {"Authorization": f"Bearer {token}"}


def hold(
    engine: Engine, clerk_id: str, role: Role, start: str = "-1 hour", end: str | None = None, active: bool = True
) -> None:
    """Write down a role in a window around the database's now; `end` and `start` are intervals."""
    with as_owner(engine) as connection:
        insert(connection, clerk_id, role, start, end, active)


def insert(connection: Connection, clerk_id: str, role: Role, start: str, end: str | None, active: bool) -> None:
    """The same, for many in one transaction of the tables' owner."""
    connection.exec_driver_sql(
        """
        insert into user_roles (user_id, role, effective_start_date, effective_end_date, is_active, assigned_by)
        select id, %s, now() + %s::interval, now() + %s::interval, %s, 'tests' from users where clerk_id = %s
        """,
        (role.value, start, end, active, clerk_id),
    )
