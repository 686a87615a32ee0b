"""How many deliveries a receiver keeps in a second, and how long a sender waits for its answer."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

from bench.databases import Database
from bench.deliveries import Numbered
from bench.figures import percentile
from bench.load import Order, Result

ENOUGH_A_SECOND = {"bare": 30_000, "ours": 12_000, "ours, full tables": 12_000, "usual": 2_500}
"""More requests than the receiver can answer; each is signed beforehand."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A running receiver, and where its rows are (None: it keeps nothing)."""

    name: str
    port: int
    database: Database | None
    reset: Callable[[], None]
    """Makes the round start as the first one did."""


@dataclass(frozen=True, slots=True)
class Round:
    """One receiver under load once."""

    rate: float
    """Deliveries a second that were answered 2xx and whose row is in the table."""
    p50_ms: float
    p99_ms: float
    not_kept: int
    """Answers other than 2xx, and 2xx without a row."""
    generator_busy: float


@dataclass(frozen=True, slots=True)
class Measured:
    """One receiver at one number of connections."""

    contender: str
    connections: int
    rounds: list[Round] = field(default_factory=list)


def measure(
    contenders: Sequence[Contender], connections: Sequence[int], seconds: float, rounds: int, say: Callable[[str], None]
) -> list[Measured]:
    """Every contender at every number of connections, round after round, so that all see the same machine."""
    measured = {(c.name, n): Measured(c.name, n) for c in contenders for n in connections}
    for number in range(rounds):
        for count in connections:
            for contender in contenders:
                say(f"receiver: round {number + 1} of {rounds}, {count} connections, {contender.name}")
                contender.reset()
                one = load(contender, f"r{number}c{count}", count, seconds)
                measured[contender.name, count].rounds.append(one)
    return list(measured.values())


def load(contender: Contender, run: str, connections: int, seconds: float) -> Round:
    """One round: send for so long, then see which of the deliveries that were answered 2xx are in the table."""
    most = int(ENOUGH_A_SECOND[contender.name] * seconds)
    result = send(Order(contender.port, run, connections, seconds, most))
    if len(result.numbers) == most:
        raise RuntimeError(f"{contender.name} answered all {most} requests before the time was up: raise its number")
    kept = _kept(contender, run, result)
    elapsed = max(result.answered) - min(result.sent)
    waits = [(end - start) * 1_000 for start, end in zip(result.sent, result.answered, strict=True)]
    return Round(
        rate=kept / elapsed,
        p50_ms=percentile(waits, 0.5),
        p99_ms=percentile(waits, 0.99),
        not_kept=len(result.numbers) - kept,
        generator_busy=result.busy,
    )


def send(order: Order) -> Result:
    """Have the load generator carry out an order, in an interpreter of its own."""
    command = [sys.executable, "-m", "bench.load", json.dumps(asdict(order))]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the load generator failed:\n{done.stderr.decode()}")
    return Result(**json.loads(done.stdout))


def _kept(contender: Contender, run: str, result: Result) -> int:
    """How many of the deliveries answered 2xx are in the table; all of them, where there is none."""
    answers = zip(result.numbers, result.statuses, strict=True)
    accepted = [Numbered(run, number).svix_id for number, status in answers if 200 <= status < 300]
    if contender.database is None:
        return len(accepted)
    count = "select count(*) from webhook_events where svix_id = any(%s)"
    return int(contender.database.run(count, [accepted])[0][0])
