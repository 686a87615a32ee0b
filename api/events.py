"""Endpoints that search, inspect, replay and discard stored events."""

from collections.abc import Sequence

from api import cursor, event_responses
from api.activity_cache import Span
from api.call import ApiRequest
from api.event_requests import Discard, EventAction, EventConditions, EventsQuery, Replay, Reveal
from api.event_responses import (
    Discarded,
    Event,
    Events,
    EventStats,
    InspectedEvent,
    MatchingEvents,
    Replayed,
    SkippedEvent,
)
from api.services import Services
from db import activity, audit, event_actions, event_search, event_stats, permission
from db.event_filter import EventStatus
from db.event_stats import EventCount
from sync import inspection
from sync import preview as previews
from sync import replay as replays
from sync.discard import discard as discard_events
from sync.replay import SET, ReplayRequest

_LOCK_NAME = "events"
"""Not a user's id: replays and discards run one at a time, because each of them locks many users."""


def search(services: Services, call: ApiRequest[EventsQuery, None]) -> Events:
    """List stored events, most recently received first. Pages stay consistent while new events arrive."""
    query = call.query
    with services.engine.begin() as connection:
        found = event_search.page(connection, query.selection(), query.limit + 1, query.cursor)
    page = found[: query.limit]
    more = cursor.write("events", page[-1].svix_id) if len(found) > len(page) else None
    return Events(items=[Event.model_validate(entry) for entry in page], next=more)


def stats(services: Services, _: ApiRequest[None, None]) -> EventStats:
    """Count events by status, type and reason, and show how long the oldest due event has been due.

    No more than 10,000 events of one kind are counted.
    """
    with services.engine.begin() as connection:
        _now, intervals = services.activity.read(connection, Span.DAY)
        types = activity.types(intervals)
        found = event_stats.read(connection, [EventCount(name, events) for name, events in types.items()])
    return EventStats.model_validate(found)


def matching(services: Services, call: ApiRequest[EventConditions, None]) -> MatchingEvents:
    """Count the events that match a filter, by kind of reason. No more than 10,000 of one kind are counted."""
    with services.engine.begin() as connection:
        return MatchingEvents.model_validate(event_stats.matching(connection, call.query.selection()))


def show(services: Services, call: ApiRequest[None, None]) -> InspectedEvent:
    """Show one delivery, whether its signature still verifies, and what it changed. Personal data is redacted."""
    with services.engine.begin() as connection:
        return event_responses.inspected(inspection.inspect(connection, call.svix_id, services.signing_secrets))


def reveal(services: Services, call: ApiRequest[None, Reveal]) -> InspectedEvent:
    """Show one delivery with its body exactly as received. The audit trail records who saw it, and why."""
    with services.changing(call.caller.clerk_id) as connection:
        found = inspection.reveal(connection, call.svix_id, services.signing_secrets, call.author(call.body.reason))
    return event_responses.inspected(found)


def replay(services: Services, call: ApiRequest[None, Replay]) -> Replayed:
    """Apply events again in the order received, or preview what that would change.

    A replay never replaces a newer state of a user with an older one, unless `force` is given for a single event.
    Events that cannot be applied are listed with the reason.
    """
    asked = call.body
    order = ReplayRequest(
        author=call.author(asked.reason),
        default_role=services.default_role,
        discarded=asked.status is EventStatus.DISCARDED,
        force=asked.force,
        limit=services.deletion_limits.signed,
    )
    svix_ids, more = _select(services, asked)
    sets = [svix_ids[start : start + SET] for start in range(0, len(svix_ids), SET)]
    with services.user_locks.take(_LOCK_NAME):
        if asked.preview:
            return _preview(services, asked, order, sets, more)
        done = replays.ReplayResult()
        for part in sets:
            done.add(replays.replay(services.engine.begin, part, order))
    return event_responses.replayed(done, None, more)


def discard(services: Services, call: ApiRequest[None, Discard]) -> Discarded:
    """Discard parked and pending events. Nothing is deleted; a replay can apply discarded events later."""
    svix_ids, more = _select(services, call.body)
    with services.changing(_LOCK_NAME, call.caller.clerk_id) as connection:
        skipped = discard_events(connection, svix_ids, call.author(call.body.reason))
    return Discarded(
        discarded=len(svix_ids) - len(skipped),
        left=[SkippedEvent.model_validate(each) for each in skipped],
        next=more,
    )


def _preview(
    services: Services, asked: Replay, order: ReplayRequest, sets: Sequence[Sequence[str]], more: str | None
) -> Replayed:
    done, made = previews.preview(services.engine, sets, order)
    if asked.reveal:
        with services.engine.begin() as connection:
            permission.lock_and_check(connection, order.author.permission)
            audit.set_author(connection, order.author)
            event_actions.note_revealed(connection, [svix_id for part in sets for svix_id in part])
    return event_responses.replayed(done, made if asked.reveal else made.redacted(), more)


def _select(services: Services, asked: EventAction) -> tuple[list[str], str | None]:
    """The svix ids selected by this request, and the cursor for the next request.

    Unknown ids are kept, so that the response can list them.
    """
    if asked.svix_ids and asked.selection().is_everything:
        return list(dict.fromkeys(asked.svix_ids)), None
    with services.engine.begin() as connection:
        found = event_search.ids(connection, asked.chosen(), asked.limit + 1, asked.cursor)
    page = found[: asked.limit]
    return page, cursor.write("events", page[-1]) if len(found) > len(page) else None
