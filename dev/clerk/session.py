"""A session as a frozen value, and its JSON."""

from dataclasses import dataclass
from typing import Any

from dev.clerk.user import JSON

LIFETIME_MS = 7 * 86_400_000
ABANDONED_MS = 30 * 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One sign-in of a user."""

    id: str
    user_id: str
    client_id: str
    created_at: int
    updated_at: int
    expire_at: int
    status: str = "active"
    actor: dict[str, Any] | None = None
    """Who impersonates the user, as the `act` claim has it."""
    claims: dict[str, Any] | None = None
    """The custom claims of the newest token."""

    def is_active(self, now: int) -> bool:
        """Whether tokens are issued for it."""
        return self.status == "active" and now < self.expire_at

    @property
    def as_json(self) -> JSON:
        """The session as the Backend API has it."""
        return {
            "object": "session",
            "id": self.id,
            "user_id": self.user_id,
            "client_id": self.client_id,
            "status": self.status,
            "actor": self.actor,
            "last_active_organization_id": None,
            "last_active_at": self.updated_at,
            "expire_at": self.expire_at,
            "abandon_at": self.created_at + ABANDONED_MS,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }
