"""A request, read and judged: what an endpoint gets to see of it."""

import re
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import ValidationError
from starlette.requests import Request

from access import caller
from access.caller import Caller
from access.refusal import AssignmentUnknown, EventUnknown, UserUnknown
from api.envelope import request_id
from api.problems import Unusable
from api.questions import Question
from clerk.session import Session
from clerk.user import identifier
from db.audit import Author

LARGEST_ID = 2**63 - 1
# So many digits at most: Python refuses to convert thousands.
_NUMBER = re.compile(r"[0-9]{1,19}")

Query = TypeVar("Query", bound=Question | None)
Body = TypeVar("Body", bound=Question | None)


@dataclass(frozen=True, slots=True)
class Call(Generic[Query, Body]):
    """Who asks what."""

    session: Session
    user: Any
    """The `Caller` behind `require`, the `Visitor` behind `signed_in`."""
    request_id: str
    path: dict[str, Any]
    query: Query
    body: Body

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

    def author(self, reason: str) -> Author:
        """The caller as the trail names one, also while somebody else is signed in as the caller."""
        clerk_id, impersonator = self.caller.clerk_id, self.session.actor
        return Author(
            actor=f"{impersonator} as {clerk_id}" if impersonator else clerk_id,
            email=self.caller.email or "",
            reason=reason,
            cause=self.request_id,
        )


async def read(
    request: Request, query: type[Question] | None, body: type[Question] | None, most: int
) -> Call[Any, Any]:
    """Judge a request that the guard let through. Raises Unusable."""
    sent = await _body(request, most) if body else b""
    try:
        return Call(
            session=caller.session_of(request),
            user=request.scope["user"],
            request_id=request_id(request.scope),
            path=request.path_params,
            query=_query(request, query),
            body=body.model_validate_json(sent, strict=True) if body else None,
        )
    except ValidationError as error:
        raise Unusable(422, "invalid", _complaint(error)) from error


def _query(request: Request, query: type[Question] | None) -> Question | None:
    pairs = request.query_params.multi_items()
    given = dict(pairs)
    if len(given) < len(pairs):
        raise Unusable(422, "invalid", "Give each query parameter once.")
    return (query or _Nothing).model_validate(given)


class _Nothing(Question):
    """What is asked of a path that takes no query."""


async def _body(request: Request, most: int) -> bytes:
    """The raw bytes of a JSON body, if they are not too many; that they come in time is the protocol's care."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Unusable(415, "not_json", "Send the body as application/json.")
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared[:20]) > most:
        raise _too_large(most)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise _too_large(most)
    return bytes(body)


def _too_large(most: int) -> Unusable:
    return Unusable(413, "too_large", f"Send at most {most} bytes.")


def _complaint(error: ValidationError) -> str:
    """What is wrong where, without repeating what was sent."""
    faults_found = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(
        ": ".join(filter(None, [".".join(map(str, fault["loc"])), fault["msg"].removeprefix("Value error, ")]))
        for fault in faults_found[:5]
    )
