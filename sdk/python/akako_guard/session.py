"""The claims of a verified session token."""

from dataclasses import dataclass


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
