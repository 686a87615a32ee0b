"""Walks over all users of Clerk and compares each; a complete walk shows which stored users Clerk does not have."""

from dataclasses import dataclass, replace

from akako_guard.role import Role
from clerk.user import EPOCH
from db import drift, walks
from db.walks import Phase, Walk
from reconcile import completeness, repair
from reconcile.differences import Class
from reconcile.reading import NotAdvancing, Reader, ReadPage, is_endless

SAVE_EVERY = 20
"""Pages between two records of which users were shown; after a kill these are read again."""


class ShownUsers:
    """The row ids of the users that a walk has shown: one bit each."""

    def __init__(self, bits: bytes = b"") -> None:
        self._bits = bytearray(bits)

    def add(self, row_id: int) -> None:
        """Add a user."""
        if row_id >> 3 >= len(self._bits):
            self._bits.extend(bytes((row_id >> 3) + 1 - len(self._bits)))
        self._bits[row_id >> 3] |= 1 << (row_id & 7)

    @property
    def bits(self) -> bytes:
        """Bit `id % 8` (from the lowest) of byte `id / 8` is set for each user."""
        return bytes(self._bits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Walker:
    """Continues walks of one installation."""

    reader: Reader
    default_role: Role

    def start(self, instance_id: str, *, urgent: bool) -> Walk:
        """Start a walk. Raises ClerkUnavailable."""
        count = self.reader.count()
        with self.reader.engine.begin() as connection:
            return walks.start(connection, instance_id, count, kind=walks.RECONCILE, urgent=urgent)

    def read(self, walk: Walk, most_pages: int | None) -> Walk:
        """Read up to `most_pages` pages, and end the walk after the last one.

        Raises ClerkUnavailable, PageTooLarge or what ends the slice; the walk continues at the last saved page.
        """
        with self.reader.engine.connect() as connection:
            shown = ShownUsers(walks.found(connection, walk))
        read = 0
        try:
            for page in self.reader.oldest_first(walk.cursor, walk.newest, walk.count_before):
                walk = self._add(walk, page, shown)
                read += 1
                if page.page.is_last:
                    walk = self._ended(walk, shown)
                elif is_endless(_read(walk), walk.count_before) and is_endless(_read(walk), self.reader.count()):
                    walk = _endless(walk)
                if walk.phase is Phase.ENDED or read == most_pages:
                    break
                if read % SAVE_EVERY == 0:
                    self._save(walk, shown.bits)
        except NotAdvancing:
            walk = _endless(walk)
        finally:
            self._save(walk, None if walk.phase is Phase.ENDED else shown.bits)
        return walk

    def _add(self, walk: Walk, read: ReadPage, shown: ShownUsers) -> Walk:
        compared = repair.compare(self.reader.engine, read.page.users, self.default_role, walk.id)
        for row_id in compared.row_ids:
            shown.add(row_id)
        deleted = compared.differences[Class.RETURNED]
        return replace(
            walk,
            cursor=read.cursor,
            newest=read.newest,
            seen=walk.seen + _unseen(read) + read.page.unreadable,
            created=walk.created + compared.repaired[Class.MISSED_CREATION],
            updated=walk.updated + compared.repaired[Class.MISSED_UPDATE] + compared.repaired[Class.DIFFERS],
            unchanged=walk.unchanged + compared.users - compared.repaired.total() - deleted - compared.failed,
            deleted=walk.deleted + deleted,
            # Users that could not be applied were shown, so they are not absent; they are differences.
            skipped=walk.skipped + read.page.unreadable,
        )

    def _ended(self, walk: Walk, shown: ShownUsers) -> Walk:
        """The walk at its end; if it is complete, the stored users that it did not show are recorded as absent."""
        count = self.reader.count()
        with self.reader.engine.begin() as connection:
            reason = completeness.incomplete(connection, walk, count)
            absent = 0 if reason else drift.record_absent(connection, walk.id, shown.bits, walk.started_at)
        outcome = "incomplete" if reason else "complete"
        return replace(walk, phase=Phase.ENDED, count_after=count, absent=absent, outcome=outcome, reason=reason)

    def _save(self, walk: Walk, bits: bytes | None) -> None:
        with self.reader.engine.begin() as connection:
            walks.save(connection, walk)
            walks.save_found(connection, walk, bits)


def _read(walk: Walk) -> int:
    """How many entries the walk has read, in all slices, with those that it read again."""
    return walk.created + walk.updated + walk.unchanged + walk.deleted + walk.skipped


def _endless(walk: Walk) -> Walk:
    """The walk, ended without a conclusion, so that the next one begins again."""
    return replace(walk, phase=Phase.ENDED, outcome="incomplete", reason="the pages of users do not advance")


def _unseen(read: ReadPage) -> int:
    """How many users of a page were not read before, when pages are read again because a cursor was lost."""
    if read.read_until is None:
        return len(read.page.users)
    return sum((user.created_at or EPOCH) > read.read_until for user in read.page.users)
