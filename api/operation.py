"""One thing that the desk does: its route, whom it serves, what it reads and answers. The document is made of these."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from anyio import CapacityLimiter, to_thread
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from access.caller import session_of
from access.denials import FORBIDDEN
from access.guard import Requirement, signed_in
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
    """A route with what is known of it. `run` is a plain function; its docstring is what the document says."""

    name: str
    method: str
    path: str
    """In which `{clerk_id}` is Clerk's id and `{id}` an assignment's."""
    run: Run
    requires: Requirement | None
    """None: a valid token is enough."""
    response: type[ResponseModel]
    status: int = 200
    query: type[RequestModel] | None = None
    body: type[RequestModel] | None = None
    refusals: tuple[int, ...] = ()
    """The statuses of refusals that only some operations have."""
    streams: tuple[str, ...] = ()
    """The media types of answers that are streamed, beside the model's JSON."""
    max_concurrent: int = 32
    """How many of these are worked on at once; others wait, without a thread."""

    def endpoint(self, services: Services, largest_body: int) -> Endpoint:
        """What answers a request.

        The token is verified first, so that nothing is read from strangers. The roles are looked up only when the body
        has arrived: the sender decides how long that takes, and may lose a role meanwhile. The body is parsed last, so
        that a caller without the role learns nothing else.
        """
        limiter = CapacityLimiter(self.max_concurrent)

        async def endpoint(request: Request) -> Response:
            try:
                sent = await call.receive(request, largest_body) if self.body else b""
                if self.requires:
                    await self.requires.caller(request)
                asked = call.read(request, self.query, self.body, sent, self.requires)
                return await to_thread.run_sync(self._perform, services, asked, limiter=limiter)
            except ClientDisconnect:
                return Response(status_code=400)
            except Exception as error:
                answer = errors.to_response(request, error)
                if answer.status_code == FORBIDDEN:
                    answer.background = self._note(services, request)
                return answer

        return signed_in(endpoint)

    def _note(self, services: Services, request: Request) -> BackgroundTask | None:
        """What notes a refused request in the audit trail, after the answer was sent."""
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

    def _perform(self, services: Services, asked: ApiRequest[Any, Any]) -> Response:
        answer = self.run(services, asked)
        if isinstance(answer, Response):
            return answer
        return Response(answer.model_dump_json(), self.status, media_type="application/json")


def routes(operations: Sequence[Operation], services: Services, largest_body: int) -> list[Route]:
    """One route a path, so that Allow names all of its methods."""
    paths: dict[str, dict[str, Endpoint]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method] = operation.endpoint(services, largest_body)
    return [Route(path, _by_method(endpoints), methods=list(endpoints)) for path, endpoints in paths.items()]


def _by_method(endpoints: dict[str, Endpoint]) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return await endpoints["GET" if request.method == "HEAD" else request.method](request)

    return endpoint
