"""Previews a replay: runs it, records the difference, and rolls it back."""

from collections.abc import Iterable, Sequence
from itertools import chain

from sqlalchemy import Engine

from db import deletion_holds, event_actions
from sync.difference import Difference
from sync.preview_observer import PreviewObserver
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
        observer = PreviewObserver(connection)
        for part in parts:
            done.add(replay(observer.savepoint, part, order, observer.observe))
        found = observer.difference(order.author.actor)
        transaction.rollback()
    return done, found
