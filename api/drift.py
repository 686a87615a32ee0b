"""Endpoints that list, show and repair differences from Clerk."""

from dataclasses import asdict

import structlog

from api import cursor, drift_responses
from api.call import ApiRequest
from api.drift_requests import DriftQuery, Repair
from api.drift_responses import Drift, DriftClass, Drifts, DriftSummary, InspectedDrift, Repaired
from api.errors import DependencyUnavailable
from api.services import Services
from clerk.backend import PageTooLarge
from clerk.http import ClerkUnavailable
from config import logs
from db import clock, walks
from db import drift as differences
from reconcile import drift_inspection, drift_repair
from reconcile.drift_repair import Asked, RepairOrder, RepairResult
from reconcile.reading import Reader
from reconcile.repair_preview import preview

log = structlog.get_logger()

MOST_WALKS = 20
_LOCK_NAME = "drift"
"""Not a user's id: repairs lock many users. They run one at a time; Clerk is asked without this lock."""


def search(services: Services, call: ApiRequest[DriftQuery, None]) -> Drifts:
    """List differences from Clerk, newest first: open ones, unless `ended` is true."""
    query = call.query
    with services.engine.begin() as connection:
        found = differences.page(
            connection,
            kind=query.kind,
            user=query.user,
            open_only=not query.ended,
            most=query.limit + 1,
            before=query.cursor,
        )
    page = found[: query.limit]
    more = cursor.write("drift", page[-1].id) if len(found) > len(page) else None
    return Drifts(items=[Drift.model_validate(each) for each in page], next=more)


def summary(services: Services, _: ApiRequest[None, None]) -> DriftSummary:
    """Count open differences by class, and show the last walks over all users of Clerk with their progress."""
    with services.engine.begin() as connection:
        counts = differences.open_counts(connection)
        return DriftSummary(
            at=clock.now(connection),
            classes=[
                DriftClass(name=name.value, open=counts.get(name, 0), **asdict(explanation))
                for name, explanation in drift_inspection.EXPLANATIONS.items()
            ],
            walks=[drift_responses.walk(each) for each in walks.page(connection, MOST_WALKS)],
        )


def show(services: Services, call: ApiRequest[None, None]) -> InspectedDrift:
    """Show one difference: what it means, what is done about it, and what is known about its user."""
    with services.engine.begin() as connection:
        return drift_responses.inspected(drift_inspection.inspect(connection, call.drift_id))


def repair(services: Services, call: ApiRequest[None, Repair]) -> Repaired:
    """Ask Clerk again for the users of differences, and store them as Clerk says, or return what that would change.

    A user that is recorded as deleted stays deleted, and a user that Clerk does not have is not changed. Differences
    that were not repaired are listed with the reason. Returns 503 without any change if Clerk is unavailable.
    """
    asked = call.body
    order = RepairOrder(author=call.author(asked.reason), default_role=services.default_role, force=asked.force)
    ids, more = _select(services, asked)
    answers = _ask(services, ids)
    with services.user_locks.take(_LOCK_NAME):
        if asked.dry_run:
            done, made = preview(services.engine, answers, order)
            return drift_responses.repaired(done, made.redacted(), more)
        result = RepairResult()
        for part in answers:
            result.add(drift_repair.repair(services.engine.begin, part, order))
    return drift_responses.repaired(result, None, more)


def _select(services: Services, asked: Repair) -> tuple[list[int], str | None]:
    """The ids that this request selects, and the cursor for the next request. Unknown ids are kept."""
    if asked.ids:
        return list(dict.fromkeys(asked.ids)), None
    with services.engine.begin() as connection:
        found = differences.page(
            connection, kind=asked.kind, user=None, open_only=True, most=asked.limit + 1, before=asked.cursor
        )
    page = found[: asked.limit]
    return [each.id for each in page], cursor.write("drift", page[-1].id) if len(found) > len(page) else None


def _ask(services: Services, ids: list[int]) -> list[Asked]:
    """Clerk's answers. Raises DependencyUnavailable, or AnotherInstance."""
    reader = Reader(services.engine, services.backend, services.pace, lambda: None, tries=1)
    try:
        return list(drift_repair.ask(reader, ids))
    except (ClerkUnavailable, PageTooLarge) as error:
        why = str(error) or str(type(error).__doc__)
        log.warning("clerk_api.unavailable", why=why, **logs.fault(error))
        raise DependencyUnavailable(f"Clerk did not answer: {why.rstrip('.')}. Nothing was changed.") from error
