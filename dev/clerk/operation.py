"""What the operations of the Backend API have in common."""

from collections.abc import Callable
from typing import Any, TypeAlias

from starlette.requests import Request

from dev.clerk.errors import rate_limited
from dev.clerk.faults import API
from dev.clerk.instance import Instance
from dev.clerk.user import User
from dev.clerk.user_search import Query

Answer: TypeAlias = dict[str, Any] | list[dict[str, Any]]
Operation: TypeAlias = Callable[[Instance, Request, bytes], Answer]


def changing(instance: Instance, request: Request) -> User:
    """The user of the path, to change it. Raises ClerkError (404, or 429 if it was changed too often)."""
    user_id = request.path_params["user_id"]
    user = instance.user(user_id)
    is_limited = request.url.path.startswith(API)
    if is_limited and (seconds := instance.rate_limit.wait(user_id, instance.limits.changes)):
        raise rate_limited(seconds)
    return user


def query_of(request: Request) -> Query:
    """The query string of a request."""
    return Query(request.query_params.multi_items())
