"""A session that Clerk vouches for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Who is signed in, where, and as whom, as a session token says it."""

    clerk_id: str
    session_id: str | None
    """`sid`; None in tokens made from a JWT template, which are accepted only by `TOKEN_SESSION_ID=optional`."""
    actor: str | None = None
    """Who is signed in as the user (`act`), if it is not the user; Clerk calls this impersonation."""
    party: str | None = None
    """The origin that the token was made for (`azp`), as browsers serialize it."""
    issued_at: float
    """Seconds since 1970."""
