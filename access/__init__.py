"""The guard: authentication and role-based authorization for Starlette and ASGI applications.

`authentication.build(settings)` returns the backend for Starlette's `AuthenticationMiddleware`; close it when the
application stops. `guard.require(Role.MENTOR, Role.ADMIN, all_of=False)` guards endpoints (HTTP and WebSocket, async
and sync, functions and methods, ASGI applications); `require().caller` is the equivalent FastAPI dependency
(`denials.answer` is the exception handler for its `Denied`); `guard.signed_in` requires a valid token only. In guarded
endpoints `caller.of(request)` returns the `Caller`, and `caller.session_of(request)` the `Session`, whose `actor` is
the impersonator, if there is one.
"""
