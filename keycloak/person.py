"""What of a Keycloak user can become a user at Clerk, and what cannot."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from keycloak import identifiers, passwords, totp
from keycloak.passwords import Digest, Password
from keycloak.user import User


class Category(StrEnum):
    """Kinds of users about which the map decides."""

    SERVICE_ACCOUNT = "service_account"
    """Stands for a client, and is no person."""
    DISABLED = "disabled"
    """Must not sign in."""
    UNVERIFIED = "unverified"
    """The e-mail address is not verified."""
    FEDERATED = "federated"
    """Another system, such as an LDAP directory, knows the password."""
    SOCIAL_ONLY = "social_only"
    """Signs in with an identity provider, and has no password."""
    WITHOUT_PASSWORD = "without_password"  # noqa: S105 - a category
    """Has no password that Clerk could verify, and no other way to sign in."""


class Loss(StrEnum):
    """What a person loses when they move to Clerk."""

    EMAIL = "email_unusable"
    """Clerk does not accept the e-mail address."""
    USERNAME = "username_unusable"
    """Clerk does not accept the username."""
    WEBAUTHN = "webauthn"
    """Security keys and passkeys belong to Keycloak's domain."""
    REQUIRED_ACTIONS = "required_actions"
    """Clerk does not ask for what Keycloak demanded of the person, such as a new password."""
    RECOVERY_CODES = "recovery_codes"
    """They are hashed in a way that Clerk does not verify."""


_LOST_CREDENTIALS = {
    "webauthn": Loss.WEBAUTHN,
    "webauthn-passwordless": Loss.WEBAUTHN,
    "recovery-authn-codes": Loss.RECOVERY_CODES,
}

_ORDINARY = frozenset[Category]()
NO_PASSWORD = Password("", passwords.Problem.NONE)


@dataclass(slots=True, kw_only=True)
class Person:
    """A user of Keycloak as Clerk could have it. Its representation has no secrets. Not frozen, like `User`."""

    user: User
    categories: frozenset[Category]
    email: str | None
    username: str | None
    digest: Digest | None = field(repr=False)
    algorithm: str | None
    """Of the password in Keycloak, with its parameters."""
    password_problem: passwords.Problem | None
    totp_secret: str | None = field(repr=False)
    totp_problem: totp.Problem | None
    losses: tuple[Loss, ...]

    @property
    def password_set_at(self) -> datetime | None:
        """When the password was set; None if that is unknown, or there is none."""
        credential = passwords.current(self.user.credentials)
        return passwords.set_at(credential) if credential else None

    @property
    def app_set_at(self) -> datetime | None:
        """When the authenticator app was set up; None if that is unknown, or none is transferred."""
        credential = totp.current(self.user.credentials)
        return passwords.set_at(credential) if credential and self.totp_secret else None


def of(user: User) -> Person:
    """Translate a user."""
    credential = passwords.current(user.credentials)
    password = passwords.read(credential) if credential else NO_PASSWORD
    digest = password.digest
    secret, totp_problem = _secret(user)
    email, username = identifiers.email(user.email), identifiers.username(user.username)
    return Person(
        user=user,
        categories=_categories(user, digest is not None, email is not None),
        email=email,
        username=username,
        digest=digest,
        algorithm=password.algorithm if credential else None,
        password_problem=password.problem,
        totp_secret=secret,
        totp_problem=totp_problem,
        losses=_losses(user, email, username),
    )


def _categories(user: User, has_digest: bool, has_email: bool) -> frozenset[Category]:
    if user.service_account:
        return frozenset({Category.SERVICE_ACCOUNT})
    found = set()
    if not user.enabled:
        found.add(Category.DISABLED)
    if has_email and not user.email_verified:
        found.add(Category.UNVERIFIED)
    if user.federated:
        found.add(Category.FEDERATED)
    elif not has_digest:
        found.add(Category.SOCIAL_ONLY if user.identity_providers else Category.WITHOUT_PASSWORD)
    return frozenset(found) if found else _ORDINARY


def _secret(user: User) -> tuple[str | None, totp.Problem | None]:
    credential = totp.current(user.credentials)
    if credential is None:
        return None, None
    try:
        return totp.secret(credential), None
    except totp.Refused as refused:
        return None, refused.problem


def _losses(user: User, email: str | None, username: str | None) -> tuple[Loss, ...]:
    found = {_LOST_CREDENTIALS[kind] for each in user.credentials if (kind := each.get("type")) in _LOST_CREDENTIALS}
    if user.email and not email:
        found.add(Loss.EMAIL)
    if user.username and not username:
        found.add(Loss.USERNAME)
    if user.required_actions:
        found.add(Loss.REQUIRED_ACTIONS)
    return tuple(sorted(found)) if found else ()
