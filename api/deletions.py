"""Endpoints that list, release and reject held deletions."""

import structlog

from api import cursor
from api.call import ApiRequest
from api.deletion_models import (
    DeletionDecision,
    DeletionsDecided,
    DeletionsQuery,
    DeletionsSummary,
    HeldCount,
    HeldDeletion,
    HeldDeletions,
    SkippedDeletion,
)
from api.errors import DependencyUnavailable
from api.services import Services
from clerk.http import ClerkUnavailable
from config import logs
from db import deletion_holds
from reconcile import holds
from sync import hold_decisions
from sync.hold_decisions import Decided

log = structlog.get_logger()

MOST_COUNTED = 10_000
_LOCK_NAME = "deletions"
"""Not a user's id: releases and rejections run one at a time, because each of them blocks other deletions."""


def search(services: Services, call: ApiRequest[DeletionsQuery, None]) -> HeldDeletions:
    """List deletions that are held because there were more than the limit, oldest first."""
    query = call.query
    with services.engine.begin() as connection:
        found = deletion_holds.page(connection, query.limit + 1, query.cursor or 0)
    page = found[: query.limit]
    more = cursor.write("deletions", page[-1].id) if len(found) > len(page) else None
    return HeldDeletions(items=[HeldDeletion.model_validate(hold) for hold in page], next=more)


def summary(services: Services, _: ApiRequest[None, None]) -> DeletionsSummary:
    """Count the held deletions by how they became known and what Clerk says, up to 10,000."""
    with services.engine.begin() as connection:
        found = deletion_holds.counts(connection, MOST_COUNTED)
    return DeletionsSummary(
        total=sum(each.deletions for each in found), reasons=[HeldCount.model_validate(each) for each in found]
    )


def release(services: Services, call: ApiRequest[None, DeletionDecision]) -> DeletionsDecided:
    """Apply held deletions, which cannot be undone. Clerk is asked about each user first.

    Deletions of users that Clerk has stay held. Returns 503 if Clerk is unavailable; the deletions that it confirmed
    before are released.
    """
    asked = call.body
    clerk_ids, more = _select(services, asked)
    author, pace = call.author(asked.reason), services.pace
    try:
        with services.user_locks.take(_LOCK_NAME):
            # Not repeated: a request that waited for Clerk would hold up the other changes of this process.
            done = holds.release(
                services.engine, services.backend, pace, clerk_ids, author, dry_run=asked.dry_run, tries=1
            )
    except ClerkUnavailable as error:
        log.warning("clerk_api.unavailable", why=str(error), **logs.fault(error))
        raise DependencyUnavailable("Clerk is unavailable, so it cannot confirm the deletions.") from error
    return _decided(done, more)


def reject(services: Services, call: ApiRequest[None, DeletionDecision]) -> DeletionsDecided:
    """Discard held deletions: the users keep their access, or get it back if Clerk had confirmed the deletion."""
    asked = call.body
    clerk_ids, more = _select(services, asked)
    with services.user_locks.take(_LOCK_NAME):
        if asked.dry_run:
            done = hold_decisions.preview(services.engine.begin, clerk_ids)
        else:
            done = hold_decisions.reject(services.engine.begin, clerk_ids, call.author(asked.reason))
    return _decided(done, more)


def _select(services: Services, asked: DeletionDecision) -> tuple[list[str], str | None]:
    """The users of this request, and the cursor for the next request."""
    if asked.clerk_ids is not None:
        return list(dict.fromkeys(asked.clerk_ids)), None
    with services.engine.begin() as connection:
        found = deletion_holds.page(connection, asked.limit + 1, asked.cursor or 0)
    page = found[: asked.limit]
    more = cursor.write("deletions", page[-1].id) if len(found) > len(page) else None
    return [hold.clerk_id for hold in page], more


def _decided(done: Decided, more: str | None) -> DeletionsDecided:
    left = [SkippedDeletion.model_validate(each) for each in done.left]
    return DeletionsDecided(done=done.done, left=left, next=more)
