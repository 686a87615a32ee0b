"""Operations: route, access rule, request and response models. The OpenAPI document is generated from them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from akako_guard.caller import session_of
from akako_guard.denials import FORBIDDEN
from akako_guard.guard import Requirement, signed_in
from api import call, errors
from api.call import ApiRequest, Parameters
from api.envelope import request_id
from api.refusal_audit import RefusedRequest
from api.requests import RequestModel
from api.responses import ResponseModel
from api.services import Services

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]
T = TypeVar("T")
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


class BoundOperation:
    """An operation with the services that it uses. The API and the console both call operations through this class."""

    def __init__(self, operation: Operation, services: Services) -> None:
        self.operation = operation
        self._services = services
        self._limiter = CapacityLimiter(operation.max_concurrent)

    async def perform(self, request: Request, sent: Parameters, present: Callable[[ResponseModel | Response], T]) -> T:
        """Authorise the caller of the request, then run the operation in a thread; `present` converts its result there.

        Raises every error that `errors.to_response` maps.
        """
        operation = self.operation
        if operation.requires:
            await operation.requires.caller(request)
        api_request = call.read(request, operation.query, operation.body, sent, operation.requires)
        return await to_thread.run_sync(
            lambda: present(operation.run(self._services, api_request)), limiter=self._limiter
        )

    def refusal_note(self, request: Request) -> BackgroundTask | None:
        """The task that records a refused request in the audit trail, after the response was sent."""
        operation = self.operation
        if operation.requires is None or not operation.requires.roles:
            return None
        session = session_of(request)
        refusal = RefusedRequest(
            clerk_id=session.clerk_id,
            actor=call.actor_name(session),
            operation=operation.name,
            needed=operation.requires.roles,
            request_id=request_id(request.scope),
        )
        return BackgroundTask(self._services.refusal_audit.note, refusal)

    def endpoint(self, largest_body: int) -> Endpoint:
        """The ASGI endpoint.

        The token is verified first, so that no body is read from unauthenticated clients. The roles are looked up only
        after the body has arrived: the client decides how long that takes, and may lose a role in the meantime. The
        body is parsed last, so that a caller without the role gets no other error.
        """

        async def endpoint(request: Request) -> Response:
            try:
                raw_body = await call.receive(request, largest_body) if self.operation.body else b""
                sent = Parameters(request.path_params, request.query_params.multi_items(), raw_body)
                return await self.perform(request, sent, self._as_json)
            except ClientDisconnect:
                return Response(status_code=400)
            except Exception as error:
                response = errors.to_response(request, error)
                if response.status_code == FORBIDDEN:
                    response.background = self.refusal_note(request)
                return response

        return signed_in(endpoint)

    def _as_json(self, result: ResponseModel | Response) -> Response:
        if isinstance(result, Response):
            return result
        return Response(result.model_dump_json(), self.operation.status, media_type="application/json")


def routes(operations: Sequence[Operation], services: Services, largest_body: int) -> list[Route]:
    """One route per path, so that the `Allow` header lists all of its methods."""
    paths: dict[str, dict[str, Endpoint]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method] = BoundOperation(operation, services).endpoint(
            largest_body
        )
    return [Route(path, _by_method(endpoints), methods=list(endpoints)) for path, endpoints in paths.items()]


def _by_method(endpoints: dict[str, Endpoint]) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return await endpoints["GET" if request.method == "HEAD" else request.method](request)

    return endpoint
