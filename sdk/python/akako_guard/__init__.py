"""Authenticates Clerk session tokens and checks the roles that Akako Sync stores, in any Starlette or ASGI application.

`install(app, Authentication.from_env())` adds the guard to a Starlette or FastAPI application.
`require(Role.MENTOR, Role.ADMIN)` guards endpoints (HTTP and WebSocket, async and sync, functions and methods, ASGI
applications); `require(...).caller` is the equivalent FastAPI dependency; `signed_in` requires a valid token only.
In guarded endpoints `caller_of(request)` returns the `Caller`, and `session_of(request)` the `Session`.
`roles_of_claims(session)` is for menus only: roles in a token can be outdated.

Names are imported on first use, so that importing one module of the package does not import all of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from akako_guard.authentication import Authentication as Authentication
    from akako_guard.caller import Caller as Caller
    from akako_guard.caller import caller_of as caller_of
    from akako_guard.caller import session_of as session_of
    from akako_guard.denials import Denied as Denied
    from akako_guard.guard import Requirement as Requirement
    from akako_guard.guard import require as require
    from akako_guard.guard import signed_in as signed_in
    from akako_guard.installation import install as install
    from akako_guard.role import Role as Role
    from akako_guard.session import Session as Session
    from akako_guard.session import roles_of_claims as roles_of_claims
    from akako_guard.settings import Settings as Settings
    from akako_guard.settings import SettingsError as SettingsError

__all__ = [
    "Authentication",
    "Caller",
    "Denied",
    "Requirement",
    "Role",
    "Session",
    "Settings",
    "SettingsError",
    "caller_of",
    "install",
    "require",
    "roles_of_claims",
    "session_of",
    "signed_in",
]

_MODULES = {
    "Authentication": "authentication",
    "Caller": "caller",
    "Denied": "denials",
    "Requirement": "guard",
    "Role": "role",
    "Session": "session",
    "Settings": "settings",
    "SettingsError": "settings",
    "caller_of": "caller",
    "install": "installation",
    "require": "guard",
    "roles_of_claims": "session",
    "session_of": "caller",
    "signed_in": "guard",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
