"""The guard: who is calling (`authentication`) and what they may do (`guard`), for any Starlette or ASGI application.

`authentication.build(settings)` is the backend for Starlette's `AuthenticationMiddleware`, with what it needs to live
and to be closed. `guard.require(Role.MENTOR, Role.ADMIN, all_of=False)` guards endpoints (HTTP and WebSocket, sync and
async, functions, methods and ASGI apps); `require().caller` is the same as a FastAPI dependency; `guard.signed_in` asks
for a valid token only. In a guarded endpoint `caller.of(request)` is the `Caller`, `caller.session_of(request)` the
`Session` (whose `actor` is who impersonates the user, if anybody does).
"""
