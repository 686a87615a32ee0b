"""One endpoint three times: public, for signed-in users, and for a role."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from akako_guard.authentication import Authentication
from akako_guard.guard import require, signed_in
from akako_guard.role import Role


async def answer(request: Request) -> Response:
    return JSONResponse({"path": request.url.path})


app = Starlette(
    routes=[
        Route("/open", answer),
        Route("/signed-in", signed_in(answer)),
        Route("/guarded", require(Role.LEARNER, Role.ADMIN)(answer)),
    ],
    middleware=[Middleware(AuthenticationMiddleware, backend=Authentication.from_env())],
)
