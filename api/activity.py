"""Endpoint for charts: deliveries accepted and applied, and their lag, in intervals of the last hour or day."""

from api.activity_cache import SPANS, Span
from api.call import ApiRequest
from api.requests import RequestModel
from api.responses import ResponseModel, UtcDatetime
from api.services import Services


class ActivityQuery(RequestModel):
    """The time to show."""

    span: Span = Span.HOUR
    """`hour`: the last hour by minutes. `day`: the last 24 hours by quarters of an hour."""


class ActivityInterval(ResponseModel):
    """The deliveries received in an interval."""

    start: UtcDatetime
    accepted: int
    """Deliveries stored."""
    applied: int
    """How many of them are applied."""
    pending: int
    """How many of them wait to be applied."""
    lag_median: float | None
    """Median of the seconds from receipt to application; null if none is applied."""
    lag_p95: float | None
    """95th percentile of the same."""


class Activity(ResponseModel):
    """Deliveries by the time they were received."""

    at: UtcDatetime
    """When this was read, by the clock of the database."""
    seconds: int
    """Length of an interval. The last one has not ended."""
    intervals: list[ActivityInterval]
    """Oldest first, without gaps."""


def show(services: Services, call: ApiRequest[ActivityQuery, None]) -> Activity:
    """Count the deliveries accepted and applied in the last hour or day, with their lag, in intervals.

    The counts of an interval that ended without pending events are kept by the process: a replay of one of its parked
    events later does not change them.
    """
    with services.engine.begin() as connection:
        at, found = services.activity.read(connection, call.query.span)
    intervals = [ActivityInterval.model_validate(each) for each in found]
    return Activity(at=at, seconds=SPANS[call.query.span][1], intervals=intervals)
