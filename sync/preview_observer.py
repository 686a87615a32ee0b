"""Records the exact difference that a change makes, in a transaction that is rolled back afterwards."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from db import audit, row_images
from db.row_images import UserImage
from sync import difference
from sync.difference import Difference


class PreviewObserver:
    """Records the users that may change, before and after a change that is rolled back."""

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

    def difference(self, actor: str) -> Difference:
        """The changes since this observer was made; only audit lines of this actor."""
        after = row_images.read(self._connection, self._before.keys())
        lines = audit.own(self._connection, self._last_line, actor)
        return difference.between(self._before, after, lines)
