"""Wraps endpoints of every kind in a guard."""

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from akako_guard import denials
from akako_guard.denials import Denied

P = ParamSpec("P")
Admit = Callable[[HTTPConnection], Awaitable[object]]


def guarded(endpoint: Callable[P, Any], admit: Admit) -> Callable[P, Any]:
    """Wrap an endpoint so that it runs only if `admit` does not raise Denied.

    The endpoint is a function or method with a parameter named `request` or `websocket`, or an ASGI application.
    Raises TypeError for anything else.
    """
    parameters = list(inspect.signature(endpoint).parameters)
    if parameters[-3:] == ["scope", "receive", "send"]:
        return _app(endpoint, admit)
    for name in ("request", "websocket"):
        if name in parameters:
            return _endpoint(endpoint, admit, name, parameters.index(name))
    raise TypeError(f"{endpoint!r} has no parameter named request or websocket: add one")


def _endpoint(endpoint: Callable[P, Any], admit: Admit, name: str, position: int) -> Callable[P, Any]:
    is_async = inspect.iscoroutinefunction(endpoint)

    @functools.wraps(endpoint)
    async def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
        connection: Any = kwargs[name] if name in kwargs else args[position]
        try:
            await admit(connection)
        except Denied as denied:
            if name == "request":
                return denials.response(denied.status_code)
            return await denials.deny(denied.status_code, connection.scope, connection.receive, connection.send)
        if is_async:
            return await endpoint(*args, **kwargs)
        return await run_in_threadpool(endpoint, *args, **kwargs)

    return wrapper


def _app(app: Callable[..., Any], admit: Admit) -> Callable[..., Any]:
    async def wrapper(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            try:
                await admit(HTTPConnection(scope))
            except Denied as denied:
                await denials.deny(denied.status_code, scope, receive, send)
                return
        await app(scope, receive, send)

    return wrapper
