"""Previews a replay: runs it, records the difference, and rolls it back."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

from sqlalchemy import Connection, Engine

from db import audit, deletion_holds, event_actions, row_images
from db.row_images import UserImage
from sync import difference
from sync.difference import Difference
from sync.replay import ReplayRequest, ReplayResult, replay


def preview(engine: Engine, sets: Iterable[Sequence[str]], order: ReplayRequest) -> tuple[ReplayResult, Difference]:
    """The result of replaying these sets, and the exact difference that it would make.

    One transaction locks the users affected until it is rolled back, so preview few events. All users are locked before
    the first set is replayed, in the same order as by other transactions: locking set by set could deadlock. Raises
    NotPermitted.
    """
    parts = list(sets)
    done = ReplayResult()
    with engine.connect() as connection, connection.begin() as transaction:
        author = order.author.permission
        svix_ids = list(chain.from_iterable(parts))
        if event_actions.lock_deletions(connection, svix_ids):
            deletion_holds.lock(connection)
        event_actions.lock_with_users(connection, svix_ids, author.clerk_ids if author else ())
        observer = _Observer(connection)
        for part in parts:
            done.add(replay(observer.savepoint, part, order, observer.observe))
        found = observer.difference(order)
        transaction.rollback()
    return done, found


class _Observer:
    """Records the users that may change, before and after the replay."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._last_line = audit.last(connection)
        self._before: dict[str, UserImage] = {}
        self._seen: dict[str, UserImage] = {}

    @contextmanager
    def savepoint(self) -> Iterator[Connection]:
        """A nested transaction; what was observed in one that failed is dropped."""
        self._seen = {}
        with self._connection.begin_nested():
            yield self._connection
        self._before = self._seen | self._before

    def observe(self, connection: Connection, clerk_ids: Collection[str]) -> None:
        """Record these users before they change."""
        self._seen = row_images.read(connection, clerk_ids)

    def difference(self, order: ReplayRequest) -> Difference:
        """The changes since the replay began."""
        after = row_images.read(self._connection, self._before.keys())
        lines = audit.own(self._connection, self._last_line, order.author.actor)
        return difference.between(self._before, after, lines)
