"""What a replay would do: it is done, looked at, and rolled back."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

from sqlalchemy import Connection, Engine

from db import audit, event_actions, row_images
from db.row_images import UserImage
from sync import difference
from sync.difference import Difference
from sync.replay import ReplayRequest, ReplayResult, replay


def preview(engine: Engine, sets: Iterable[Sequence[str]], order: ReplayRequest) -> tuple[ReplayResult, Difference]:
    """What replaying these sets would do, and the exact difference that it would make.

    One transaction holds the users concerned locked until it is rolled back, so keep what is previewed small. All are
    locked before the first set is replayed, in the one order that everybody keeps: set by set, two could wait for each
    other. Raises NotPermitted.
    """
    parts = list(sets)
    done = ReplayResult()
    with engine.connect() as connection, connection.begin() as transaction:
        author = order.author.permission
        event_actions.lock_with_users(connection, list(chain.from_iterable(parts)), author.clerk_ids if author else ())
        onlooker = _Observer(connection)
        for part in parts:
            done.add(replay(onlooker.savepoint, part, order, onlooker.see))
        made = onlooker.difference(order)
        transaction.rollback()
    return done, made


class _Observer:
    """Sees everybody who may change before anything does, and again when all is done."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._last_line = audit.last(connection)
        self._before: dict[str, UserImage] = {}
        self._seen: dict[str, UserImage] = {}

    @contextmanager
    def savepoint(self) -> Iterator[Connection]:
        """A transaction inside the one that is rolled back; what was seen in one that failed is forgotten."""
        self._seen = {}
        with self._connection.begin_nested():
            yield self._connection
        self._before = self._seen | self._before

    def see(self, connection: Connection, clerk_ids: Collection[str]) -> None:
        """Remember whom nobody changed yet."""
        self._seen = row_images.read(connection, clerk_ids)

    def difference(self, order: ReplayRequest) -> Difference:
        """What became other than it was."""
        after = row_images.read(self._connection, self._before.keys())
        lines = audit.own(self._connection, self._last_line, order.author.actor)
        return difference.between(self._before, after, lines)
