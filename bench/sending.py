"""One round of load: what the generator sent, what came of it."""

import json
import subprocess
import sys
from dataclasses import asdict

from bench.contender import Contender, Place
from bench.figures import percentile
from bench.load import Order, Result
from bench.rows import Values


def send(order: Order) -> Result:
    """Have the load generator carry out an order, in an interpreter of its own."""
    command = [sys.executable, "-m", "bench.load", json.dumps(asdict(order))]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the load generator failed:\n{done.stderr.decode()}")
    return Result(**json.loads(done.stdout))


def judged(contender: Contender, place: Place, order: Order, result: Result) -> Values:
    """Rate and waits of one round. Only a delivery that was answered 2xx and whose row is there counts."""
    accepted = [n for n, status in zip(result.numbers, result.statuses, strict=True) if 200 <= status < 300]
    kept = contender.kept(place, order.run, accepted)
    elapsed = max(result.answered) - min(result.sent)
    waits = [(end - start) * 1_000 for start, end in zip(result.sent, result.answered, strict=True)]
    return {
        "rate": kept / elapsed,
        "p50_ms": percentile(waits, 0.5),
        "p99_ms": percentile(waits, 0.99),
        "p999_ms": percentile(waits, 0.999),
        "answered": len(result.numbers),
        "not_kept": len(result.numbers) - kept,
        "generator_busy": result.busy,
    }
