"""The parsed and validated request that an endpoint receives."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import ValidationError
from starlette.requests import Request

from akako_guard import caller
from akako_guard.caller import Caller
from akako_guard.guard import Requirement
from akako_guard.identifier import identifier
from akako_guard.session import Session
from api.envelope import request_id
from api.errors import BadRequest
from api.requests import RequestModel
from db.audit import Author
from db.permission import Permission
from reconcile.drift_inspection import DriftUnknown
from roles.refusal import AssignmentUnknown, UserUnknown
from sync.refusal import EventUnknown

LARGEST_ID = 2**63 - 1
# At most 19 digits: Python refuses to convert a string of thousands of digits.
_NUMBER = re.compile(r"[0-9]{1,19}")

Query = TypeVar("Query", bound=RequestModel | None)
Body = TypeVar("Body", bound=RequestModel | None)


@dataclass(frozen=True, slots=True)
class ApiRequest(Generic[Query, Body]):
    """The session, the caller and the parameters of a request."""

    session: Session
    user: Any
    """The `Caller` behind `require`, the `SessionUser` behind `signed_in`."""
    request_id: str
    path: dict[str, Any]
    query: Query
    body: Body
    requires: Requirement | None
    """The required roles; None if a valid token is enough."""

    @property
    def caller(self) -> Caller:
        """The known user, with the roles held when the request arrived."""
        if not isinstance(self.user, Caller):
            raise LookupError("this operation requires only a valid token, so the caller may be an unknown user")
        return self.user

    @property
    def subject(self) -> str:
        """The Clerk id in the path. Raises UserUnknown if it is not a valid id."""
        clerk_id = identifier(self.path["clerk_id"])
        if clerk_id is None:
            raise UserUnknown
        return clerk_id

    @property
    def svix_id(self) -> str:
        """The svix id in the path. Raises EventUnknown if it is not a valid id."""
        svix_id = identifier(self.path["svix_id"])
        if svix_id is None:
            raise EventUnknown
        return svix_id

    @property
    def assignment_id(self) -> int:
        """The assignment id in the path. Raises AssignmentUnknown if it is not a valid id."""
        number = _number(self.path["id"])
        if number is None:
            raise AssignmentUnknown
        return number

    @property
    def drift_id(self) -> int:
        """The id of a difference in the path. Raises DriftUnknown if it is not a valid id."""
        number = _number(self.path["drift_id"])
        if number is None:
            raise DriftUnknown
        return number

    @property
    def permission(self) -> Permission:
        """The permission that the operation requires, to be checked again inside the transaction."""
        if self.requires is None:
            raise LookupError("this operation requires no role, so it may act only for its caller")
        return Permission(
            clerk_id=self.caller.clerk_id,
            roles=self.requires.roles,
            all_of=self.requires.all_of,
            impersonator=self.session.actor,
        )

    def author(self, reason: str) -> Author:
        """The caller as the author of a change, for the audit trail and for the check inside the transaction."""
        return Author(
            actor=actor_name(self.session),
            email=self.caller.email or "",
            reason=reason,
            cause=self.request_id,
            permission=self.permission,
        )


def _number(text: str) -> int | None:
    """A row id; None if the text is not one."""
    return int(text) if _NUMBER.fullmatch(text) and int(text) <= LARGEST_ID else None


def actor_name(session: Session) -> str:
    """The actor in the format of the audit trail: a Clerk id, or `IMPERSONATOR as CLERK_ID`."""
    return f"{session.actor} as {session.clerk_id}" if session.actor else session.clerk_id


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a request before they are parsed."""

    path: Mapping[str, Any]
    query: Sequence[tuple[str, str]] = ()
    body: bytes | BadRequest = b""
    """What `receive` returned."""


def read(
    request: Request,
    query: type[RequestModel] | None,
    body: type[RequestModel] | None,
    sent: Parameters,
    requires: Requirement | None,
) -> ApiRequest[Any, Any]:
    """Parse the parameters of an authorised request. Raises BadRequest."""
    if isinstance(sent.body, BadRequest):
        raise sent.body
    try:
        return ApiRequest(
            session=caller.session_of(request),
            user=request.scope["user"],
            request_id=request_id(request.scope),
            path=dict(sent.path),
            query=_query(sent.query, query),
            body=_parse(body, sent.body) if body else None,
            requires=requires,
        )
    except ValidationError as error:
        raise BadRequest(422, "invalid", _validation_message(error)) from error


async def receive(request: Request, most: int) -> bytes | BadRequest:
    """The raw bytes of a JSON body of at most `most` bytes, or the error.

    The error is returned, not raised, because a missing role takes precedence over it. The server limits the time that
    this takes.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return BadRequest(415, "not_json", "Send the body with the content type application/json.")
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
    # Parsers disagree on duplicate keys: some take the first value, others the last.
    try:
        json.loads(sent, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise BadRequest(422, "invalid", "The JSON body has a duplicate key. Give each key once.") from error
    return parsed


def _unique(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("duplicate key")


def _query(pairs: Sequence[tuple[str, str]], query: type[RequestModel] | None) -> RequestModel | None:
    given = dict(pairs)
    if len(given) < len(pairs):
        raise BadRequest(422, "invalid", "A query parameter is repeated. Give each query parameter once.")
    return (query or _NoQuery).model_validate(given)


class _NoQuery(RequestModel):
    """The query of an operation without query parameters."""


def _too_large(most: int) -> BadRequest:
    return BadRequest(413, "too_large", f"The body is too large. Send at most {most} bytes.")


def _validation_message(error: ValidationError) -> str:
    """The first five errors with their locations, without the input values."""
    details = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(
        ": ".join(filter(None, [".".join(map(str, detail["loc"])), detail["msg"].removeprefix("Value error, ")]))
        for detail in details[:5]
    )
