"""The bodies of requests of the control API."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, TypeAdapter

from config.formats import SigningSecrets, split_secrets
from dev.clerk import endpoint
from dev.clerk.requests import Body


def _signing_secret(value: str) -> str:
    """The value if it is one signing secret. Raises ValueError."""
    if len(split_secrets(TypeAdapter(SigningSecrets).validate_python(value))) != 1:
        raise ValueError("give one signing secret")
    return value


class SignIn(Body):
    """`POST /dev/sign-in`; with an actor, that user impersonates the other."""

    user_id: str
    actor: str | None = None


class NewFault(Body):
    """`POST /dev/faults`; without `times`, once; with 0, until it is cleared."""

    kind: str
    times: int = Field(1, ge=0)
    path: str = ""
    seconds: float | None = Field(None, ge=0, strict=False)
    status: int = Field(500, ge=400, le=599)
    code: str = "internal_clerk_error"


class Seconds(Body):
    """`POST /dev/advance`: lets time pass on the schedule of deliveries."""

    seconds: float = Field(gt=0, strict=False)


class ChangeEndpoint(Body):
    """`PATCH /dev/endpoint`; `speed` is how much faster than time the schedule runs."""

    url: str | None = None
    disabled: bool | None = None
    speed: float | None = Field(None, gt=0, strict=False)


class Rotate(Body):
    """`POST /dev/endpoint/rotate`; the secrets before sign until the overlap ends."""

    overlap_seconds: float = Field(endpoint.OVERLAP_SECONDS, ge=0, le=7 * endpoint.DAY, strict=False)
    secret: Annotated[str, AfterValidator(_signing_secret)] | None = None


class Claims(Body):
    """`PUT /dev/claims`: the template of the custom claims."""

    template: dict[str, Any]
