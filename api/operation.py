"""Operations: route, access rule, request and response models. The OpenAPI document is generated from them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from anyio import CapacityLimiter, to_thread
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from akako_guard.caller import session_of
from akako_guard.denials import FORBIDDEN
from akako_guard.guard import Requirement, signed_in
from api import call, errors
from api.call import ApiRequest
from api.envelope import request_id
from api.refusal_audit import RefusedRequest
from api.requests import RequestModel
from api.responses import ResponseModel
from api.services import Services

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]
Run: TypeAlias = Callable[[Services, ApiRequest[Any, Any]], ResponseModel | Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Definition of a route. `run` is a synchronous function; its docstring is the OpenAPI summary and description."""

    name: str
    method: str
    path: str
    """`{clerk_id}` is the Clerk id of a user, `{id}` the id of an assignment, `{drift_id}` of a difference."""
    run: Run
    requires: Requirement | None
    """None: a valid token is enough."""
    response: type[ResponseModel]
    status: int = 200
    query: type[RequestModel] | None = None
    body: type[RequestModel] | None = None
    refusals: tuple[int, ...] = ()
    """Error statuses in addition to those that every operation has."""
    streams: tuple[str, ...] = ()
    """Media types of streamed responses, in addition to JSON."""
    max_concurrent: int = 32
    """How many requests run at once; others wait without a thread."""

    def endpoint(self, services: Services, largest_body: int) -> Endpoint:
        """The ASGI endpoint.

        The token is verified first, so that no body is read from unauthenticated clients. The roles are looked up only
        after the body has arrived: the client decides how long that takes, and may lose a role in the meantime. The
        body is parsed last, so that a caller without the role gets no other error.
        """
        limiter = CapacityLimiter(self.max_concurrent)

        async def endpoint(request: Request) -> Response:
            try:
                raw_body = await call.receive(request, largest_body) if self.body else b""
                if self.requires:
                    await self.requires.caller(request)
                api_request = call.read(request, self.query, self.body, raw_body, self.requires)
                return await to_thread.run_sync(self._perform, services, api_request, limiter=limiter)
            except ClientDisconnect:
                return Response(status_code=400)
            except Exception as error:
                response = errors.to_response(request, error)
                if response.status_code == FORBIDDEN:
                    response.background = self._note(services, request)
                return response

        return signed_in(endpoint)

    def _note(self, services: Services, request: Request) -> BackgroundTask | None:
        """The task that records a refused request in the audit trail, after the response was sent."""
        if self.requires is None or not self.requires.roles:
            return None
        session = session_of(request)
        refusal = RefusedRequest(
            clerk_id=session.clerk_id,
            actor=call.actor_name(session),
            operation=self.name,
            needed=self.requires.roles,
            request_id=request_id(request.scope),
        )
        return BackgroundTask(services.refusal_audit.note, refusal)

    def _perform(self, services: Services, api_request: ApiRequest[Any, Any]) -> Response:
        result = self.run(services, api_request)
        if isinstance(result, Response):
            return result
        return Response(result.model_dump_json(), self.status, media_type="application/json")


def routes(operations: Sequence[Operation], services: Services, largest_body: int) -> list[Route]:
    """One route per path, so that the `Allow` header lists all of its methods."""
    paths: dict[str, dict[str, Endpoint]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method] = operation.endpoint(services, largest_body)
    return [Route(path, _by_method(endpoints), methods=list(endpoints)) for path, endpoints in paths.items()]


def _by_method(endpoints: dict[str, Endpoint]) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return await endpoints["GET" if request.method == "HEAD" else request.method](request)

    return endpoint
