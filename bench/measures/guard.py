"""The cost of the guard: one endpoint without a guard, for signed-in callers, and for a role, alternating.

Every connection is another user with its own token. *New tokens* cycle through more tokens than the guard's cache
holds, and the cycle continues from one setting to the next, so that no token is used again while it is cached.
The CPU time per request of the server shows what one core could do.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle

import psutil
import uvloop

from bench import growth, services
from bench.contenders import AKAKO
from bench.figures import percentile
from bench.guard_clients import Case, send
from bench.rows import Row, Values
from bench.setup import Setup
from dev import ports
from tests.clerk_signs_in import PARTY, Instance

MANY = 10_000
"""Tokens in the cycle: more than the guard caches, so that each is new whenever it is used."""
CONNECTIONS = (32, 128)
SERVER = (
    "uvicorn bench.peers.guarded:app --host 127.0.0.1 --port {port} --loop uvloop --http httptools"
    " --no-access-log --log-level warning"
)


def guard(setup: Setup) -> Iterator[Row]:
    """Measure each case in turn."""
    instance = Instance()
    connections = [count for count in CONNECTIONS if count in setup.scale.connections] or setup.scale.connections
    cases = _cases(instance, setup.scale.guard_users, max(connections))
    with _served(setup, instance) as (server, port):
        for number in range(setup.scale.rounds):
            for count in connections:
                for case in cases:
                    setup.say(f"guard: round {number + 1}, {count} connections, {case.name}")
                    yield Row("guard", case.name, count, _round(server, port, case, count, setup.scale.seconds / 2))


def _cases(instance: Instance, users: int, connections: int) -> list[Case]:
    end = int(time.time()) + 3_600
    hot = [instance.token(f"user_{number}", exp=end) for number in range(min(users, connections))]
    new = [instance.token(f"user_{number}", exp=end, sid=f"sess_{number}") for number in range(min(users, MANY))]
    return [
        Case("no guard", "/open"),
        Case("signed in", "/signed-in", hot),
        Case("with a role", "/guarded", hot),
        Case("with a role, new tokens", "/guarded", token_cycle=cycle(new)),
    ]


def _round(server: psutil.Process, port: int, case: Case, connections: int, seconds: float) -> Values:
    began, busy = time.perf_counter(), sum(server.cpu_times()[:2])
    result = uvloop.run(send(port, case, connections, seconds))
    elapsed, spent = time.perf_counter() - began, sum(server.cpu_times()[:2]) - busy
    if result.statuses != {b"200"}:
        raise RuntimeError(f"{case.name} answered {result.statuses}")
    waits = [wait * 1_000 for wait in result.latencies]
    return {
        "rate": len(waits) / elapsed,
        "p50_ms": percentile(waits, 0.5),
        "p99_ms": percentile(waits, 0.99),
        "cpu_us": spent / len(waits) * 1e6,
    }


@contextmanager
def _served(setup: Setup, instance: Instance) -> Iterator[tuple[psutil.Process, int]]:
    """The endpoints on uvicorn, with a database of many users."""
    database, port = setup.place(AKAKO).database, ports.free_port()
    growth.fill(database, setup.scale.guard_users, 0)
    database.run("update users set clerk_id = 'user_' || id - 1")
    environment = {
        "DATABASE_URL": database.url,
        "CLERK_ISSUER": instance.issuer,
        "CLERK_JWT_KEY": instance.pem,
        "CLERK_AUTHORIZED_PARTIES": PARTY,
    }
    with services.running(setup.logs, "guarded", SERVER.format(port=port), environment) as process:
        services.wait_for_port(setup.logs, process, port)
        yield psutil.Process(process.pid), port
