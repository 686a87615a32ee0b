"""The guard: who is calling (`authentication`) and what they may do (`guard`), for any Starlette or ASGI application.

`authentication.build(settings)` is the backend for Starlette's `AuthenticationMiddleware`; close it with the
application. `guard.require(Role.MENTOR, Role.ADMIN, all_of=False)` guards endpoints (HTTP and WebSocket, async and
sync, functions and methods, ASGI applications); `require().caller` is the same as a FastAPI dependency
(`denials.answer` handles its `Denied`); `guard.signed_in` asks for a valid token only. Behind them `caller.of(request)`
is the `Caller`, and `caller.session_of(request)` the `Session`, whose `actor` impersonates the user, if anybody does.
"""
