"""Errors in the envelope that Clerk answers with."""

from dataclasses import dataclass, field
from typing import Any

from dev.sample_events import new_id


@dataclass(eq=False)
class ClerkError(Exception):
    """A request that Clerk refuses."""

    status: int
    code: str
    message: str
    long_message: str = ""
    meta: dict[str, Any] = field(default_factory=dict)
    retry_after: int | None = None
    """Value of the `Retry-After` header, in seconds; None: no header."""

    @property
    def body(self) -> dict[str, Any]:
        """The JSON of the answer."""
        error = {"message": self.message, "long_message": self.long_message or self.message, "code": self.code}
        return {"errors": [error | {"meta": self.meta}], "clerk_trace_id": new_id("trace").removeprefix("trace_")}


def invalid(param: str, code: str, message: str) -> ClerkError:
    """422: a parameter of the request is not acceptable."""
    return ClerkError(422, code, message, meta={"param_name": param})


def taken(param: str) -> ClerkError:
    """422: another user has this identifier."""
    return invalid(param, "form_identifier_exists", f"That {param.replace('_', ' ')} is taken. Please try another.")


def not_found(kind: str, wanted: str) -> ClerkError:
    """404: there is no such resource."""
    return ClerkError(404, "resource_not_found", "not found", f"No {kind} was found with id {wanted}.")


def unauthenticated(has_key: bool) -> ClerkError:
    """401: the secret key is missing or wrong."""
    if has_key:
        return ClerkError(401, "clerk_key_invalid", "The provided Clerk Secret Key is invalid.")
    return ClerkError(401, "authentication_invalid", "Invalid authentication", "No Clerk Secret Key was provided.")


def rate_limited(seconds: int | None) -> ClerkError:
    """429: too many requests; `seconds` is the value of `Retry-After`, None omits the header."""
    return ClerkError(429, "too_many_requests", "Too many requests. Please try again in a bit.", retry_after=seconds)


def quota_exceeded(most: int) -> ClerkError:
    """403: the instance holds as many users as it may."""
    return ClerkError(403, "user_quota_exceeded", "User quota exceeded", f"A development instance holds {most} users.")
