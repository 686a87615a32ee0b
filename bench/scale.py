"""How much is measured: the whole, a quick look, or just enough to see that everything works."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """One run's size."""

    rounds: int
    connections: tuple[int, ...]
    seconds: float
    """Of load on one receiver in one round."""
    apply_rounds: int
    backlog: int
    """Events that wait for our workers in one round."""
    usual_backlog: int
    """Events that wait for the usual worker in one round."""
    long_backlog: int
    """Events that wait for the workers whose memory is read."""
    many: int
    """Users, and kept events, in the full tables."""
    visible_rate: float
    visible_seconds: float


FULL = Scale(
    rounds=5,
    connections=(32, 128),
    seconds=5,
    apply_rounds=3,
    backlog=20_000,
    usual_backlog=5_000,
    long_backlog=100_000,
    many=1_000_000,
    visible_rate=200,
    visible_seconds=30,
)
QUICK = Scale(
    rounds=2,
    connections=(32, 128),
    seconds=2,
    apply_rounds=1,
    backlog=10_000,
    usual_backlog=2_000,
    long_backlog=20_000,
    many=100_000,
    visible_rate=200,
    visible_seconds=10,
)
TINY = Scale(
    rounds=1,
    connections=(2,),
    seconds=0.3,
    apply_rounds=1,
    backlog=40,
    usual_backlog=20,
    long_backlog=40,
    many=50,
    visible_rate=50,
    visible_seconds=0.4,
)
