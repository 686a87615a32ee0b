"""The claims of a verified session token."""

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from akako_guard.role import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in session, as stated by a verified session token."""

    clerk_id: str
    session_id: str | None
    """`sid`; None in tokens made from a JWT template, which are accepted only with `TOKEN_SESSION_ID=optional`."""
    actor: str | None = None
    """Clerk id of the impersonator (`act`); None without impersonation."""
    party: str | None = None
    """The origin that the token was issued for (`azp`), as browsers serialize it."""
    issued_at: float
    """Seconds since 1970."""
    menu_roles: frozenset[Role] = field(default=frozenset(), repr=False)
    """What the token says about roles; read it with `roles_of_claims`. It may be outdated: nothing is decided by it."""
    menu_roles_until: float | None = field(default=None, repr=False)
    """When the first of these roles ends, in seconds since 1970; None if none of them has an end."""


def roles_of_claims(session: Session) -> frozenset[Role]:
    """The roles that the token claims, for menus and for pages that show nothing of value. **Not for access.**

    They can be outdated: a token may be new and yet carry the claims of the token before it. Only `require(...)`, or a
    look-up of the caller, says what a user may do. Empty if the token has no claim `roles`, and from `roles_until` on,
    since the token does not say which of the roles has ended.
    """
    until = session.menu_roles_until
    return frozenset() if until is not None and time.time() >= until else session.menu_roles


def claimed_roles(claims: dict[str, Any]) -> tuple[frozenset[Role], float | None]:
    """The claims `roles` and `roles_until`, as docs/how-to/put-roles-into-tokens.md adds them to session tokens.

    Both are data that applications may write: unknown roles are left out, and what is malformed counts as no role.
    """
    roles, until = claims.get("roles"), claims.get("roles_until")
    if not isinstance(roles, list) or not (until is None or _is_number(until)):
        return frozenset(), None
    return frozenset(Role(role) for role in roles if _is_role(role)), until


def _is_role(value: object) -> bool:
    known: Collection[str] = tuple(Role)
    return isinstance(value, str) and value in known


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
