"""A request, read and judged: what an endpoint gets to see of it."""

import json
import re
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import ValidationError
from starlette.requests import Request

from access import caller
from access.caller import Caller
from access.guard import Requirement
from api.envelope import request_id
from api.errors import BadRequest
from api.requests import RequestModel
from clerk.session import Session
from clerk.user import identifier
from db.audit import Author
from db.permission import Permission
from roles.refusal import AssignmentUnknown, UserUnknown
from sync.refusal import EventUnknown

LARGEST_ID = 2**63 - 1
# So many digits at most: Python refuses to convert thousands.
_NUMBER = re.compile(r"[0-9]{1,19}")

Query = TypeVar("Query", bound=RequestModel | None)
Body = TypeVar("Body", bound=RequestModel | None)


@dataclass(frozen=True, slots=True)
class ApiRequest(Generic[Query, Body]):
    """Who asks what."""

    session: Session
    user: Any
    """The `Caller` behind `require`, the `Visitor` behind `signed_in`."""
    request_id: str
    path: dict[str, Any]
    query: Query
    body: Body
    requires: Requirement | None
    """What the caller has to hold; None where a valid token is enough."""

    @property
    def caller(self) -> Caller:
        """The user that we know, with the roles held when the request came."""
        if not isinstance(self.user, Caller):
            raise LookupError("a valid token is enough here, so that the caller may be nobody we know")
        return self.user

    @property
    def subject(self) -> str:
        """Clerk's id of the user that the path names. Raises UserUnknown for what cannot be one."""
        clerk_id = identifier(self.path["clerk_id"])
        if clerk_id is None:
            raise UserUnknown
        return clerk_id

    @property
    def svix_id(self) -> str:
        """The delivery that the path names. Raises EventUnknown for what cannot be one."""
        svix_id = identifier(self.path["svix_id"])
        if svix_id is None:
            raise EventUnknown
        return svix_id

    @property
    def assignment_id(self) -> int:
        """The assignment that the path names. Raises AssignmentUnknown for what cannot be one."""
        written: str = self.path["id"]
        if not _NUMBER.fullmatch(written) or int(written) > LARGEST_ID:
            raise AssignmentUnknown
        return int(written)

    @property
    def permission(self) -> Permission:
        """What the operation requires of the caller, to be checked again in the database."""
        if self.requires is None:
            raise LookupError("this operation requires no role: it must act for nobody but its caller")
        return Permission(
            clerk_id=self.caller.clerk_id,
            roles=self.requires.roles,
            all_of=self.requires.all_of,
            impersonator=self.session.actor,
        )

    def author(self, reason: str) -> Author:
        """The caller as the author of a change, for the trail and for the check inside the transaction."""
        return Author(
            actor=actor_name(self.session),
            email=self.caller.email or "",
            reason=reason,
            cause=self.request_id,
            permission=self.permission,
        )


def actor_name(session: Session) -> str:
    """Who is signed in, as the trail says it: a Clerk id, or `IMPERSONATOR as CLERK_ID`."""
    return f"{session.actor} as {session.clerk_id}" if session.actor else session.clerk_id


def read(
    request: Request,
    query: type[RequestModel] | None,
    body: type[RequestModel] | None,
    sent: bytes | BadRequest,
    requires: Requirement | None,
) -> ApiRequest[Any, Any]:
    """Parse a request that the guard let through, with the body that `receive` returned. Raises Unusable."""
    if isinstance(sent, BadRequest):
        raise sent
    try:
        return ApiRequest(
            session=caller.session_of(request),
            user=request.scope["user"],
            request_id=request_id(request.scope),
            path=request.path_params,
            query=_query(request, query),
            body=_parse(body, sent) if body else None,
            requires=requires,
        )
    except ValidationError as error:
        raise BadRequest(422, "invalid", _complaint(error)) from error


async def receive(request: Request, most: int) -> bytes | BadRequest:
    """The raw bytes of a JSON body of at most `most` bytes, or why there are none to parse.

    The reason is returned and not raised, as a caller without the role is told of that first. The protocol limits the
    time that this takes.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return BadRequest(415, "not_json", "Send the body as application/json.")
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared[:20]) > most:
        return _too_large(most)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            return _too_large(most)
    return bytes(body)


def _parse(model: type[RequestModel], sent: bytes) -> RequestModel:
    parsed = model.model_validate_json(sent, strict=True)
    # Of a key that is given twice, one parser takes the first value and another the last.
    try:
        json.loads(sent, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise BadRequest(422, "invalid", "Give each key of the JSON body once.") from error
    return parsed


def _unique(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key is given twice")


def _query(request: Request, query: type[RequestModel] | None) -> RequestModel | None:
    pairs = request.query_params.multi_items()
    given = dict(pairs)
    if len(given) < len(pairs):
        raise BadRequest(422, "invalid", "Give each query parameter once.")
    return (query or _Nothing).model_validate(given)


class _Nothing(RequestModel):
    """What is asked of a path that takes no query."""


def _too_large(most: int) -> BadRequest:
    return BadRequest(413, "too_large", f"Send at most {most} bytes.")


def _complaint(error: ValidationError) -> str:
    """What is wrong where, without repeating what was sent."""
    faults_found = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(
        ": ".join(filter(None, [".".join(map(str, fault["loc"])), fault["msg"].removeprefix("Value error, ")]))
        for fault in faults_found[:5]
    )
