"""A Clerk instance for development on a real socket, with users of which no webhook tells."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count

from dev import clerk_instance
from dev.clerk import changes
from dev.clerk.application import build
from dev.clerk.faults import Fault
from dev.clerk.instance import Instance
from dev.clerk.rate_limit import UNLIMITED
from dev.clerk.requests import CreateUser, UpdateUser
from dev.clerk.state import State
from dev.clerk.user import touch
from tests.api.served import served

_signer = cache(clerk_instance.create)


@dataclass(frozen=True, slots=True)
class ServedClerk:
    """A running instance."""

    instance: Instance
    url: str
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def id(self) -> str:
        return self.instance.state.instance_id

    @property
    def key(self) -> str:
        return self.instance.state.secret_key

    def create(self, number: int = 1, **fields: str | None) -> list[str]:
        """Create users, a minute apart unless a time is given (None: now); returns their ids, oldest first."""
        return [self._create(next(self._numbers), **fields) for _ in range(number)]

    def _create(self, number: int, **fields: str | None) -> str:
        created_at = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
        known = {"email_address": [f"user{number}@example.com"], "created_at": created_at.isoformat()}
        return self.instance.create(CreateUser.model_validate(known | fields)).id

    def rename(self, user_id: str, first_name: str) -> None:
        """Change the first name of a user."""
        state = self.instance.state
        body = UpdateUser(first_name=first_name)
        self.instance.put(changes.update(state.users, state.users[user_id], body, self.instance.now()))

    def sign_in(self, user_id: str) -> None:
        """Move `updated_at` of a user, and nothing else, as a sign-in does."""
        self.instance.put(touch(self.instance.state.users[user_id], self.instance.now()), event=None)

    def fail(self, kind: str, times: int | None = 1, path: str = "", **details: int | str) -> None:
        """Set a fault."""
        self.instance.faults.add(Fault(id="", kind=kind, times=times, path=path, **details))  # type: ignore[arg-type]


@contextmanager
def served_clerk(wall: Callable[[], float] = time.time) -> Iterator[ServedClerk]:
    """An instance without users, as long as the block runs; `wall` is its clock, in seconds since 1970."""
    instance = Instance(State(), _signer(), limits=UNLIMITED, wall=wall)
    with served(build(instance)) as url:
        yield ServedClerk(instance, url)
