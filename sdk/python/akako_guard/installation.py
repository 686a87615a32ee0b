"""Adds the guard to an application."""

from starlette.applications import Starlette
from starlette.authentication import AuthenticationBackend
from starlette.middleware.authentication import AuthenticationMiddleware

from akako_guard.denials import Denied, answer


def install(app: Starlette, authentication: AuthenticationBackend) -> None:
    """Authenticate every request of a Starlette or FastAPI application, and answer `Denied` as the decorators do.

    Close `authentication` when the application stops.
    """
    app.add_middleware(AuthenticationMiddleware, backend=authentication)
    app.add_exception_handler(Denied, answer)
