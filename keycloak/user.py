"""Parses users of an export, leniently: what is missing or has another type counts as absent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from keycloak.roles import KeycloakRole

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST_MILLISECONDS = 253_402_300_799_999
REMEMBERED = 1_000
"""Combinations of roles that are remembered."""
_CLIENT_ROLES = ("clientRoles", "applicationRoles")


@dataclass(slots=True, kw_only=True)
class User:
    """A user of a realm. Credentials are not in its representation, so that no log can show them.

    Not frozen: a million frozen ones take seconds longer.
    """

    id: str | None
    username: str | None
    email: str | None
    email_verified: bool
    enabled: bool
    first_name: str | None
    last_name: str | None
    created_at: datetime | None
    """When the user registered; None if unknown. May be in the future, if a clock was wrong."""
    service_account: bool
    """Whether it stands for a client in place of a person."""
    federated: bool
    """Whether another system, such as an LDAP directory, knows the user's password."""
    identity_providers: tuple[str, ...]
    """With which the user can sign in, such as `google`."""
    roles: frozenset[KeycloakRole]
    """Assigned to the user directly."""
    groups: tuple[str, ...]
    """Paths."""
    required_actions: tuple[str, ...]
    attributes: Mapping[str, tuple[str, ...]] = field(repr=False)
    credentials: tuple[Mapping[str, Any], ...] = field(repr=False)
    """As exported; see `passwords` and `totp`."""

    @property
    def key(self) -> str:
        """Keycloak's id; of a user without one (in a realm file written by hand), the username."""
        return self.id or f"username:{self.username}"


def parse(data: Mapping[str, Any], *, federated: bool = False) -> User:
    """Parse an element of `users`, or with `federated` one of `federatedUsers`."""
    get = data.get
    identity = text(get("id"))
    return User(
        id=identity,
        username=text(get("username")),
        email=text(get("email")),
        email_verified=get("emailVerified") is True,
        enabled=get("enabled", True) is not False,
        first_name=text(get("firstName")),
        last_name=text(get("lastName")),
        created_at=moment(get("createdTimestamp")),
        service_account=bool(get("serviceAccountClientId")),
        federated=federated or bool(get("federationLink")) or (identity or "").startswith("f:"),
        identity_providers=_providers(get("federatedIdentities")),
        roles=roles(data),
        groups=texts(get("groups")),
        required_actions=texts(get("requiredActions")),
        attributes=_attributes(get("attributes")),
        credentials=tuple([each for each in items(get("credentials")) if isinstance(each, dict)]),
    )


def roles(data: Mapping[str, Any]) -> frozenset[KeycloakRole]:
    """The roles that a user or a group lists: `realmRoles` and `clientRoles`."""
    found = _realm_roles(texts(data.get("realmRoles")))
    for key in _CLIENT_ROLES:
        if (clients := data.get(key)) and isinstance(clients, dict):
            found |= {KeycloakRole(name, client) for client, names in clients.items() for name in texts(names)}
    return found


@lru_cache(REMEMBERED)
def _realm_roles(names: tuple[str, ...]) -> frozenset[KeycloakRole]:
    """Most users of a realm have the same few combinations."""
    return frozenset(map(KeycloakRole, names))


def moment(value: object) -> datetime | None:
    """Milliseconds since 1970, as a number or as text; None for zero and for what is not such a time."""
    if type(value) is not int:  # `True` is an int, too
        if not isinstance(value, str) or len(value) > 15 or not (value.isascii() and value.isdigit()):
            return None
        value = int(value)
    if not 0 < value <= LAST_MILLISECONDS:
        return None
    return EPOCH + timedelta(0, 0, 0, value)


def text(value: object) -> str | None:
    """The value, if it is text and not empty."""
    return value if isinstance(value, str) and value else None


def texts(value: object) -> tuple[str, ...]:
    """The texts of a list; of a single text, that one."""
    if isinstance(value, list):
        return tuple([each for each in value if isinstance(each, str)]) if value else ()
    return (value,) if isinstance(value, str) else ()


def items(value: object) -> list[Any]:
    """The value, if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def _providers(value: object) -> tuple[str, ...]:
    if not value:
        return ()
    found = (each.get("identityProvider") for each in items(value) if isinstance(each, dict))
    return tuple(name for name in found if isinstance(name, str))


def _attributes(value: object) -> dict[str, tuple[str, ...]]:
    return {name: texts(each) for name, each in value.items()} if isinstance(value, dict) else {}
