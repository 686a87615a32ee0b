"""Endpoint that shows whether the sync is healthy: its components and its figures."""

from sqlalchemy.exc import SQLAlchemyError

from akako_guard.database import faults
from api.call import ApiRequest
from api.errors import DependencyUnavailable
from api.responses import ResponseModel
from api.services import Services
from db.vitals import Vitals
from health.components import OVERDUE_SECONDS, RUNBOOK, ComponentState


class HealthPart(ResponseModel):
    """The state of a component."""

    part: str
    """`database`, `migrations`, `broker`, `worker`, `beat` or `clerk`."""
    healthy: bool
    description: str
    """`healthy`, or what is wrong."""
    next_step: str
    """What to do; empty if nothing is to be done."""
    moved_seconds_ago: float | None
    """Since the component last made progress; null if it writes no heartbeats, or was never seen."""


class Health(ResponseModel):
    """Whether the sync is healthy, by the clock of the database, at most two seconds old."""

    healthy: bool
    """Whether every component is healthy and no event is overdue."""
    summary: str
    """One sentence: all is well, or what is wrong and what to do first."""
    parts: list[HealthPart]
    """In the order in which faults have to be fixed."""
    due: int
    """Events that wait to be applied, up to 100,000."""
    oldest_due_seconds: float
    """Seconds since the oldest due event became due; 0 if none is due."""
    parked: int
    """Parked events, up to 100,000."""
    deletions_held: int
    """Deletions that wait for a person, up to 100,000."""
    drift: dict[str, int]
    """Open differences to Clerk by class; empty if no instance is pinned."""
    last_delivery_seconds: float | None
    """Seconds since the newest delivery was stored; null if there is none."""
    walked_seconds: float | None
    """Seconds since the last complete walk over all users at Clerk; null if there was none."""
    gap: int | None
    """Users stored and not deleted, minus those that Clerk counted last; null if it was not asked."""


def show(services: Services, _: ApiRequest[None, None]) -> Health:
    """Show the state of every component with what to do next, and the figures that say whether events are applied."""
    states = services.components.states()
    try:
        seen = services.database_probe.vitals()
    except (SQLAlchemyError, TimeoutError, faults.WrongSettings) as error:
        raise DependencyUnavailable("The figures of the database cannot be read.") from error
    moved = {each.part: each.moved_seconds_ago for each in seen.heartbeats}
    is_late = seen.oldest_due_seconds > OVERDUE_SECONDS
    return Health(
        healthy=all(state.is_healthy for state in states) and not is_late,
        summary=_summary(states, seen, is_late=is_late),
        parts=[
            HealthPart(
                part=state.part,
                healthy=state.is_healthy,
                description=state.description,
                next_step=state.next_step,
                moved_seconds_ago=moved.get(state.part),
            )
            for state in states
        ],
        due=seen.events["received"],
        oldest_due_seconds=seen.oldest_due_seconds,
        parked=seen.events["parked"],
        deletions_held=seen.deletions_held,
        drift=seen.clerk.drift,
        last_delivery_seconds=seen.last_delivery_seconds,
        walked_seconds=seen.clerk.walked_seconds,
        gap=seen.clerk.gap,
    )


def _summary(states: list[ComponentState], seen: Vitals, *, is_late: bool) -> str:
    """The first fault with its next step; else what waits for a person; else that all is well."""
    for state in states:
        if not state.is_healthy:
            return f"{state.part.value.capitalize()}: {state.description}. Next: {state.next_step}."
    if is_late:
        late = f"the oldest has been due for {seen.oldest_due_seconds:.0f} s"
        return f"Events are applied late: {late}. Next: {RUNBOOK}#events-are-late."
    waiting = [
        f"{count:,} {noun}"
        for count, noun in (
            (seen.events["parked"], "parked events"),
            (seen.deletions_held, "held deletions"),
        )
        if count
    ]
    if waiting:
        return f"Every component works; {' and '.join(waiting)} wait for a decision."
    return "All is well: every component works, and nothing waits for a decision."
