"""Judges a fault by comparing the acknowledged deliveries with the tables in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from tests.faults.suite.deliveries import Numbered
from tests.faults.suite.senders import Responses
from tests.faults.suite.stack import Stack

BOUND_SECONDS = 30.0

NOT_APPLIED = """
    select count(*) from unnest(%s::text[]) as acknowledged (svix_id)
    left join webhook_events using (svix_id) where status is distinct from 'applied'
"""
WITHOUT_EFFECT = """
    select count(*) from unnest(%s::text[], %s::boolean[]) as delivered (clerk_id, bans)
    left join users using (clerk_id)
    where users.id is null or (bans and not banned)
       or (select count(*) from user_roles where user_id = users.id and is_active and role = 'LEARNER') <> 1
"""
TOO_MANY_LINES = """
    select count(*) from (
        select from audit_log group by clerk_user_id, action
        having count(*) > 1 or action not in ('user.created', 'role.assigned', 'user.banned')) as lines
"""
TOO_MANY_ROLES = "select count(*) from (select from user_roles group by user_id having count(*) > 1) as roles"
APPLIED_AT = """
    select right(svix_id, 8)::integer, extract(epoch from pg_xact_commit_timestamp(xmin))::float
    from webhook_events where status = 'applied'
"""


@dataclass(frozen=True, slots=True)
class Injection:
    """Begin and end of one fault (the same instant for a kill)."""

    began: float
    over: float


@dataclass(slots=True)
class Verdict:
    """One row of the table."""

    fault: str
    times: int = 0
    accepted: int = 0
    lost: int = 0
    twice: int = 0
    failed: int = 0
    """Attempts that were not answered 2xx, which the sender retried."""
    recoveries: list[float] = field(default_factory=list)
    """Seconds until the receiver answered 2xx again and all previously acknowledged events were applied."""
    longest: float = 0.0
    """Longest time in seconds from a 2xx to the commit of its effect, without the duration of the fault."""
    note: str = ""
    bound: float | None = None
    """The limit in seconds for recoveries and waits."""
    compared: bool = False
    """Whether this row is only for comparison and not judged."""
    interrupted: bool = False
    """Whether the run was interrupted."""
    wrong: list[str] = field(default_factory=list)
    """Other errors."""

    @property
    def median(self) -> float | None:
        """The median of the recoveries."""
        return median(self.recoveries) if self.recoveries else None

    @property
    def worst(self) -> float | None:
        """The longest recovery."""
        return max(self.recoveries, default=None)

    @property
    def passed(self) -> bool:
        """Whether nothing is lost, applied twice, wrong or late."""
        late = self.bound is not None and max(self.worst or 0, self.longest) > self.bound
        return self.compared or not (self.lost or self.twice or self.wrong or late)


def judge(stack: Stack, responses: Responses, injections: Sequence[Injection], verdict: Verdict) -> Verdict:
    """Compare the answers to the senders with the tables."""
    accepted = [Numbered(number) for number in responses.accepted]
    verdict.accepted = len(accepted)
    verdict.failed = len(responses.failures)
    verdict.lost = count(stack, NOT_APPLIED, [each.svix_id for each in accepted])
    verdict.lost += count(stack, WITHOUT_EFFECT, [e.clerk_id for e in accepted], [e.bans for e in accepted])
    verdict.twice = count(stack, TOO_MANY_LINES) + count(stack, TOO_MANY_ROLES)
    applied = dict(stack.run(APPLIED_AT))
    pairs = [(at, applied[number]) for number, at in responses.accepted.items() if number in applied]
    verdict.recoveries = [_recovery(injection, pairs, injections) for injection in injections]
    verdict.longest = max((_wait(accepted, done, injections) for accepted, done in pairs), default=0.0)
    return verdict


def count(stack: Stack, query: str, *parameters: object) -> int:
    """The number that a query returns."""
    return int(stack.run(query, *parameters)[0][0])


def _recovery(injection: Injection, pairs: Sequence[tuple[float, float]], every: Sequence[Injection]) -> float:
    opened = min((accepted for accepted, _ in pairs if accepted >= injection.over), default=injection.over)
    caught_up = max((applied for accepted, applied in pairs if accepted < injection.over), default=injection.over)
    return _wait(injection.over, max(opened, caught_up), every)


def _wait(accepted: float, applied: float, injections: Sequence[Injection]) -> float:
    lasting = sum(max(0.0, min(applied, each.over) - max(accepted, each.began)) for each in injections)
    return applied - accepted - lasting
