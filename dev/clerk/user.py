"""A user, an e-mail address and a password as frozen values, and the JSON that Clerk makes of them."""

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

JSON = dict[str, Any]
LOCKOUT_ATTEMPTS = 100


@dataclass(frozen=True, slots=True)
class Email:
    """One e-mail address of a user. A reserved one is unverified, and no other user can have it."""

    id: str
    email_address: str
    status: str
    """verified, reserved or unverified."""
    created_at: int
    updated_at: int

    @property
    def as_json(self) -> JSON:
        """The address as part of a user."""
        return {
            "id": self.id,
            "object": "email_address",
            "email_address": self.email_address,
            "reserved": self.status == "reserved",
            "verification": self._verification(),
            "linked_to": [],
            "matches_sso_connection": False,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }

    def _verification(self) -> JSON | None:
        if self.status != "verified":
            return None
        admin = {"object": "verification_admin", "status": "verified", "strategy": "admin"}
        return admin | {"attempts": None, "expire_at": None}


@dataclass(frozen=True, slots=True)
class Password:
    """A password as its digest and the name of the algorithm."""

    hasher: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One user. Times are milliseconds since 1970; `updated_at` grows with every change."""

    id: str
    created_at: int
    updated_at: int
    email_addresses: tuple[Email, ...] = ()
    primary_email_address_id: str | None = None
    username: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    external_id: str | None = None
    public_metadata: JSON = field(default_factory=dict)
    private_metadata: JSON = field(default_factory=dict)
    unsafe_metadata: JSON = field(default_factory=dict)
    banned: bool = False
    deprovisioned: bool = False
    locked: bool = False
    password: Password | None = None
    password_last_updated_at: int | None = None
    totp_enabled: bool = False
    last_sign_in_at: int | None = None
    last_active_at: int | None = None
    legal_accepted_at: int | None = None
    locale: str | None = None
    delete_self_enabled: bool = True
    create_organization_enabled: bool = True
    create_organizations_limit: int | None = None
    bypass_client_trust: bool = False

    @property
    def primary_email(self) -> str | None:
        """The primary e-mail address."""
        return next(
            (each.email_address for each in self.email_addresses if each.id == self.primary_email_address_id), None
        )

    @property
    def as_json(self) -> JSON:
        """The user as the Backend API and the deliveries have it."""
        image = f"https://img.clerk.com/{hashlib.sha256(self.id.encode()).hexdigest()[:24]}"
        return {name: getattr(self, name) for name in _PLAIN} | {
            "object": "user",
            "email_addresses": [each.as_json for each in self.email_addresses],
            "password_enabled": self.password is not None,
            "two_factor_enabled": self.totp_enabled,
            "image_url": image,
            "profile_image_url": image,
            **_CONSTANT,
        }


_PLAIN = tuple(name for name in User.__dataclass_fields__ if name not in ("email_addresses", "password"))
_CONSTANT: JSON = {
    "primary_phone_number_id": None,
    "primary_web3_wallet_id": None,
    "phone_numbers": [],
    "web3_wallets": [],
    "passkeys": [],
    "external_accounts": [],
    "saml_accounts": [],
    "enterprise_accounts": [],
    "has_image": False,
    "backup_code_enabled": False,
    "lockout_expires_in_seconds": None,
    "verification_attempts_remaining": LOCKOUT_ATTEMPTS,
    "mfa_enabled_at": None,
    "mfa_disabled_at": None,
}


def deleted(user: User) -> JSON:
    """What remains of a deleted user in an answer or a delivery."""
    remains = {"object": "user", "id": user.id, "deleted": True}
    return remains | ({"external_id": user.external_id} if user.external_id else {})


def touch(user: User, now: int, **changes: Any) -> User:
    """The user with these changes and a newer version."""
    return replace(user, updated_at=max(now, user.updated_at + 1), **changes)
