"""Saves a user in each Python peer: SQLAlchemy's upsert as in its ORM guide."""

from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bench.peers.tables import User, UserRole


def save(session: Session, data: dict[str, Any]) -> None:
    """Add the user with the LEARNER role, or update an older row; a duplicate changes nothing."""
    values = columns(data)
    added = insert(User).values(values).on_conflict_do_nothing().returning(User.id)
    user_id = session.scalar(added)
    if user_id is not None:
        session.add(UserRole(user_id=user_id, role="LEARNER"))
        return
    older = (User.clerk_id == data["id"]) & (User.clerk_updated_at < data["updated_at"])
    session.execute(update(User).where(older).values(values))


def columns(data: dict[str, Any]) -> dict[str, Any]:
    """The user's row, from Clerk's data."""
    addresses = {address["id"]: address["email_address"] for address in data["email_addresses"]}
    return {
        "clerk_id": data["id"],
        "email": addresses.get(data["primary_email_address_id"]),
        "first_name": data["first_name"],
        "last_name": data["last_name"],
        "username": data["username"],
        "image_url": data["image_url"],
        "banned": data["banned"],
        "clerk_updated_at": data["updated_at"],
    }
