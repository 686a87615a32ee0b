"""What every endpoint of the desk works with."""

from dataclasses import dataclass

from sqlalchemy import Engine

from clerk.backend import Backend
from clerk.signature import Seals
from config.role import Role


@dataclass(frozen=True, slots=True)
class Desk:
    """The database, Clerk's Backend API, what a new user is given, and what verifies kept deliveries again."""

    engine: Engine
    backend: Backend
    default_role: Role
    seals: Seals | None
    """None if the signing secrets are not known here."""
