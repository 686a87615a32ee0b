"""Previews a repair of differences: runs it, records the difference, and rolls it back."""

from collections.abc import Sequence

from sqlalchemy import Engine

from db import users
from reconcile.drift_repair import Asked, RepairOrder, RepairResult, repair
from sync import fold
from sync.difference import Difference
from sync.preview_observer import PreviewObserver


def preview(engine: Engine, asked: Sequence[Asked], order: RepairOrder) -> tuple[RepairResult, Difference]:
    """The result of repairing, and the exact difference that it would make.

    One transaction locks all users affected until it is rolled back, so preview few differences. Raises NotPermitted.
    """
    author = order.author.permission
    snapshots = [snapshot for part in asked for _, snapshot in part.answers]
    claims = {key for snapshot in snapshots if (key := fold.claim(snapshot))}
    result = RepairResult()
    with engine.connect() as connection, connection.begin() as transaction:
        # All at once, in the order of every transaction: locking set by set could deadlock.
        ids = {snapshot.clerk_id for snapshot in snapshots} | (author.clerk_ids if author else set())
        users.lock(connection, ids, claims)
        observer = PreviewObserver(connection)
        for part in asked:
            result.add(repair(observer.savepoint, part, order, observer.observe))
        found = observer.difference(order.author.actor)
        transaction.rollback()
    return result, found
