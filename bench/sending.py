"""Runs the load generator for one round, and evaluates the result."""

import json
import subprocess
import sys
from dataclasses import asdict

from bench.contender import Contender, Place
from bench.figures import percentile
from bench.load import Order, Result
from bench.rows import Values


def send(order: Order) -> Result:
    """Run the load generator in a separate interpreter. Raises RuntimeError if it fails."""
    command = [sys.executable, "-m", "bench.load", json.dumps(asdict(order))]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the load generator failed:\n{done.stderr.decode()}")
    return Result(**json.loads(done.stdout))


def evaluate(contender: Contender, place: Place, order: Order, result: Result) -> Values:
    """Rate and latency of one round. A delivery counts only if it was answered 2xx and is stored."""
    accepted = [n for n, status in zip(result.numbers, result.statuses, strict=True) if 200 <= status < 300]
    stored = contender.count_stored(place, order.run, accepted)
    elapsed = max(result.answered) - min(result.sent)
    waits = [(end - start) * 1_000 for start, end in zip(result.sent, result.answered, strict=True)]
    return {
        "rate": stored / elapsed,
        "p50_ms": percentile(waits, 0.5),
        "p99_ms": percentile(waits, 0.99),
        "p999_ms": percentile(waits, 0.999),
        "answered": len(result.numbers),
        "not_stored": len(result.numbers) - stored,
        "generator_busy": result.busy,
    }
