"""What every endpoint of the desk works with."""

from dataclasses import dataclass

from sqlalchemy import Engine

from clerk.backend import Backend
from config.role import Role


@dataclass(frozen=True, slots=True)
class Desk:
    """The database, Clerk's Backend API, and what a new user is given."""

    engine: Engine
    backend: Backend
    default_role: Role
