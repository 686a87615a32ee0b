"""The bodies of requests, checked as Clerk checks them: an unknown or mistyped parameter is refused by name."""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dev.clerk.errors import ClerkError, invalid

Metadata = dict[str, Any]
Status = Literal["verified", "reserved"]
CODES = {"extra_forbidden": "form_param_unknown", "missing": "form_param_missing"}


class Body(BaseModel):
    """The parameters of a request; types are not converted."""

    model_config = ConfigDict(extra="forbid", strict=True)


class UserFields(Body):
    """What a creation and an update have in common. Phone numbers, wallets and factors are not emulated."""

    external_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    locale: str | None = None
    username: str | None = None
    password: str | None = None
    password_digest: str | None = None
    password_hasher: str | None = None
    skip_password_checks: bool | None = None
    totp_secret: str | None = None
    backup_codes: list[str] | None = None
    delete_self_enabled: bool | None = None
    create_organization_enabled: bool | None = None
    create_organizations_limit: int | None = None
    legal_accepted_at: str | None = None
    skip_legal_checks: bool | None = None
    bypass_client_trust: bool | None = None
    created_at: str | None = None


class CreateUser(UserFields):
    """`POST /users`."""

    email_address: list[str] = []
    email_address_identification_status: list[Status] = []
    skip_password_requirement: bool | None = None
    skip_user_requirement: bool | None = None
    public_metadata: Metadata = {}
    private_metadata: Metadata = {}
    unsafe_metadata: Metadata = {}
    banned: bool | None = None
    locked: bool | None = None


class UpdateUser(UserFields):
    """`PATCH /users/{id}`; metadata has an operation of its own."""

    primary_email_address_id: str | None = None
    notify_primary_email_address_changed: bool | None = None
    primary_phone_number_id: None = None
    primary_web3_wallet_id: None = None
    profile_image_id: str | None = None
    sign_out_of_other_sessions: bool | None = None


class UserMetadata(Body):
    """`PATCH` and `PUT /users/{id}/metadata`; a field that is not given stays as it is."""

    public_metadata: Metadata | None = None
    private_metadata: Metadata | None = None
    unsafe_metadata: Metadata | None = None


class UserIds(Body):
    """`POST /users/ban` and `/users/unban`."""

    user_ids: Annotated[list[str], Field(min_length=1, max_length=50)]


class VerifyPassword(Body):
    """`POST /users/{id}/verify_password`."""

    password: str


class ReplaceEmail(Body):
    """`PUT /users/{id}/email_address`."""

    email_address: str
    identification_status: Literal["verified", "reserved", "unverified"] = "verified"
    notify_primary_email_address_changed: bool | None = None


class CreateEmail(Body):
    """`POST /email_addresses`."""

    user_id: str
    email_address: str
    verified: bool | None = None
    primary: bool | None = None
    notify_primary_email_address_changed: bool | None = None


class UpdateEmail(Body):
    """`PATCH /email_addresses/{id}`."""

    verified: bool | None = None
    primary: bool | None = None
    notify_primary_email_address_changed: bool | None = None


class CreateSession(Body):
    """`POST /sessions`."""

    user_id: str
    active_organization_id: str | None = None


class CreateToken(Body):
    """`POST /sessions/{id}/tokens`."""

    expires_in_seconds: Annotated[int, Field(ge=30, le=315_360_000)] | None = None


class CreateActorToken(Body):
    """`POST /actor_tokens`: lets the actor impersonate a user."""

    user_id: str
    actor: dict[str, Any]
    expires_in_seconds: int = 3_600
    session_max_duration_in_seconds: int = 1_800


Parsed = TypeVar("Parsed", bound=BaseModel)


def parse(model: type[Parsed], body: bytes) -> Parsed:
    """The body as that model. Raises ClerkError (400 or 422)."""
    try:
        return model.model_validate_json(body or b"{}")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["type"] == "json_invalid":
            raise ClerkError(400, "request_body_invalid", "Request body invalid") from error
        raise _refusal(".".join(map(str, first["loc"])) or "body", first["type"]) from error


def _refusal(param: str, problem: str) -> ClerkError:
    code = CODES.get(problem, "form_param_type_invalid")
    message = {"form_param_unknown": "is unknown", "form_param_missing": "is missing"}.get(code, "is invalid")
    return invalid(param, code, f"{param} {message}.")
