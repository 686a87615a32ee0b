"""What Clerk's API takes to create a person of Keycloak. Contains the digest and the secret: never log or store it."""

from datetime import datetime

from keycloak.mapping import RoleMap, Treatment
from keycloak.person import Category, Person


def fields(person: Person, roles: RoleMap, marker: dict[str, str], exported_at: datetime) -> dict[str, object]:
    """The body of the request, with `marker` in the private metadata; for a person that a plan imports."""
    user, attributes = person.user, person.user.attributes
    registered = user.created_at if user.created_at and user.created_at <= exported_at else None
    found: dict[str, object] = {
        "external_id": user.key,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "username": person.username,
        "totp_secret": person.totp_secret,
        "created_at": registered.isoformat() if registered else None,
        "private_metadata": {
            **{name: list(attributes[name]) for name in roles.private_metadata if name in attributes},
            **marker,
        },
        "skip_legal_checks": True,
        **_password(person),
    }
    if person.email:
        found["email_address"] = [person.email]
        reserved = Category.UNVERIFIED in person.categories
        found["email_address_identification_status"] = ["reserved" if reserved else "verified"]
    if Category.DISABLED in person.categories and roles.treatments.get(Category.DISABLED) is Treatment.BAN:
        found["banned"] = True
    return {name: value for name, value in found.items() if value is not None}


def changed_password(person: Person) -> dict[str, object] | None:
    """The body of the request that replaces the password and the authenticator app; None without both."""
    password = _password(person) if person.digest else {}
    return password | ({"totp_secret": person.totp_secret} if person.totp_secret else {}) or None


def _password(person: Person) -> dict[str, object]:
    if person.digest is None:
        return {"skip_password_requirement": True}
    return {"password_hasher": person.digest.hasher, "password_digest": person.digest.text}
