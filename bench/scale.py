"""The scales of a run: full, quick, or tiny to check that everything works."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """The scale of a run. `slow_...` values are for peers that would otherwise need minutes instead of seconds."""

    rounds: int
    seconds: float
    """Duration of the load on one receiver in one round."""
    connections: tuple[int, ...]
    steady_rate: int
    backlog: int
    slow_backlog: int
    apply_seconds: float
    """Time limit for a worker; its rate is computed from what it has applied by then."""
    visible_rates: tuple[int, ...]
    visible_seconds: float
    distinct: int
    """Deliveries that the duplicates measure repeats."""
    burst: int
    burst_seconds: float
    """Time limit for a burst, including sending; its rate is computed from what is settled by then."""
    slow_burst_seconds: float
    grown_users: int
    grown_events: int
    due: int
    """Assignments whose end has passed, for `expire_roles`."""
    guard_users: int
    walk_users: int
    """Users at Clerk that a walk reads."""


FULL = Scale(
    rounds=5,
    seconds=4,
    connections=(8, 32, 128, 512),
    steady_rate=500,
    backlog=50_000,
    slow_backlog=6_000,
    apply_seconds=30,
    visible_rates=(50, 200, 1_000),
    visible_seconds=6,
    distinct=500,
    burst=100_000,
    burst_seconds=120,
    slow_burst_seconds=20,
    grown_users=1_000_000,
    grown_events=5_000_000,
    due=1_000_000,
    guard_users=20_000,
    walk_users=1_000_000,
)
QUICK = Scale(
    rounds=1,
    seconds=2,
    connections=(32, 128),
    steady_rate=500,
    backlog=6_000,
    slow_backlog=1_000,
    apply_seconds=6,
    visible_rates=(200,),
    visible_seconds=3,
    distinct=200,
    burst=10_000,
    burst_seconds=30,
    slow_burst_seconds=8,
    grown_users=20_000,
    grown_events=50_000,
    due=20_000,
    guard_users=2_000,
    walk_users=20_000,
)
TINY = Scale(
    rounds=1,
    seconds=0.3,
    connections=(2,),
    steady_rate=50,
    backlog=40,
    slow_backlog=20,
    apply_seconds=20,
    visible_rates=(50,),
    visible_seconds=0.4,
    distinct=5,
    burst=40,
    burst_seconds=20,
    slow_burst_seconds=20,
    grown_users=50,
    grown_events=100,
    due=50,
    guard_users=50,
    walk_users=1_200,
)
