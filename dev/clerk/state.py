"""Everything that an instance remembers, in memory and as a JSON file that is written atomically."""

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from dev.clerk.claims import DEFAULT_TEMPLATE
from dev.clerk.endpoint import Endpoint
from dev.clerk.message import Message
from dev.clerk.session import Session
from dev.clerk.user import User
from dev.sample_events import new_id

MOST_MESSAGES = 1_000
FILE = "clerk.json"


def new_secret_key() -> str:
    """A random secret key in Clerk's format."""
    return f"sk_test_{secrets.token_urlsafe(30).replace('-', 'a').replace('_', 'b')}"


@dataclass(slots=True)
class State:
    """Users, sessions and messages by id; each value is frozen."""

    instance_id: str = field(default_factory=lambda: new_id("ins"))
    environment: str = "development"
    secret_key: str = field(default_factory=new_secret_key)
    claims_template: dict[str, Any] = field(default_factory=lambda: dict(DEFAULT_TEMPLATE))
    endpoint: Endpoint = field(default_factory=Endpoint)
    users: dict[str, User] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    schedule_offset: float = 0.0
    """How far the schedule's clock is ahead of the wall clock, in seconds."""


_FORMAT = TypeAdapter(State)


def load(directory: Path) -> State:
    """The state of a directory; a new one if there is none."""
    path = directory / FILE
    return _FORMAT.validate_json(path.read_bytes()) if path.exists() else State()


def save(state: State, directory: Path) -> None:
    """Write the state so that a reader finds the old file or the new one; only its owner can read it."""
    for old in list(state.messages)[:-MOST_MESSAGES]:
        del state.messages[old]
    path = directory / FILE
    unfinished = path.with_suffix(".new")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(_FORMAT.dump_json(state))
    unfinished.replace(path)
