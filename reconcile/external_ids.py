"""Sets the ids of another system as external ids at Clerk. A user who has another external id keeps it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import islice

from sqlalchemy import Engine

from akako_guard.role import Role
from clerk.backend import MOST_IDS, Backend
from clerk.user import Snapshot
from clerk.user_writer import UserWriter, WriteRefused
from reconcile import retry
from reconcile.pace import Pace
from sync import apply


class Outcome(StrEnum):
    """What becomes of a line."""

    SET = "set"
    PRESENT = "present"
    """The user has this external id already."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line of the file."""

    number: int
    clerk_id: str
    external_id: str


@dataclass(frozen=True, slots=True)
class Decision:
    """A line and what became of it."""

    wanted: Wanted
    outcome: Outcome
    why: str = ""
    """Why it was refused; empty otherwise."""


@dataclass(frozen=True, slots=True)
class ExternalIds:
    """Sets external ids. `before` is called before each request and raises to end the run."""

    engine: Engine
    backend: Backend
    writer: UserWriter
    pace: Pace
    default_role: Role
    cause: str
    before: Callable[[], None]

    def set_all(self, wanted: Iterable[Wanted], *, dry_run: bool) -> Iterator[Decision]:
        """Decide about each line by what Clerk has now, and set the id. Raises ClerkUnavailable or PageTooLarge.

        It can be interrupted and run again at any point: ids that were set are present then.
        """
        rest = iter(wanted)
        while part := list(islice(rest, MOST_IDS)):
            known = self._known([each.clerk_id for each in part])
            for each in part:
                yield self._decide(each, known.get(each.clerk_id), dry_run=dry_run)

    def _known(self, clerk_ids: Sequence[str]) -> dict[str, Snapshot]:
        page = retry.ask(self.pace, partial(self.backend.users_by_id, clerk_ids), before=self.before)
        return {user.clerk_id: user for user in page.users}

    def _decide(self, wanted: Wanted, user: Snapshot | None, *, dry_run: bool) -> Decision:
        if user is None:
            return Decision(wanted, Outcome.REFUSED, "Clerk has no such user")
        if user.external_id == wanted.external_id:
            return Decision(wanted, Outcome.PRESENT)
        if user.external_id is not None:
            return Decision(wanted, Outcome.REFUSED, "the user has another external id at Clerk, which stays")
        return Decision(wanted, Outcome.SET) if dry_run else self._set(wanted)

    def _set(self, wanted: Wanted) -> Decision:
        request = partial(self.writer.update, wanted.clerk_id, {"external_id": wanted.external_id})
        changed = retry.ask(self.pace, request, before=self.before)
        if isinstance(changed, WriteRefused):
            return Decision(wanted, Outcome.REFUSED, f"Clerk refused it: {changed.code}")
        apply.apply_snapshot(self.engine, changed, self.cause, self.default_role)
        return Decision(wanted, Outcome.SET)
