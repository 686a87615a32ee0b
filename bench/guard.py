"""What the guard costs: `python -m bench.guard` measures one endpoint open, for signed-in callers, and for a role.

One uvicorn process answers, this process sends over raw sockets, PostgreSQL runs beside them; the endpoints take
turns, so that a busy machine is busy for all. The server's own CPU time a request says what one core could do alone.
"""

import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import psutil
import psycopg
import uvloop

from bench.visitors import Case, Result, visit
from db.migrate import upgrade
from ops.embedded.servers import Servers
from ops.process import Process
from tests.clerk_signs_in import PARTY, Instance

USERS = 20_000
MANY = 10_000
"""Tokens in turn: more than the guard remembers, so that each is new to it whenever it comes."""
CONNECTIONS = (8, 32, 128)
ROUNDS, SECONDS = 5, 2.0
SERVER = (
    sys.executable,
    "-m",
    "uvicorn",
    "bench.peers.guarded:app",
    "--loop",
    "uvloop",
    "--http",
    "httptools",
    "--no-access-log",
)


def cases(instance: Instance) -> list[Case]:
    """The three endpoints, and the guarded one with tokens that were never seen."""
    end = int(time.time()) + 3_600
    users = [f"user_{number}" for number in range(max(CONNECTIONS))]
    hot = [instance.token(user, exp=end) for user in users]
    new = [instance.token(f"user_{number}", exp=end, sid=f"sess_{number}") for number in range(MANY)]
    return [
        Case("open", "/open", []),
        Case("signed in", "/signed-in", hot),
        Case("guarded", "/guarded", hot),
        Case("guarded, new tokens", "/guarded", new, in_turn=True),
    ]


def round_of(server: psutil.Process, port: int, case: Case, connections: int) -> Result:
    """One round with its time on the wall and on the server's CPU."""
    began, busy = time.perf_counter(), sum(server.cpu_times()[:2])
    result = uvloop.run(visit(port, case, connections, SECONDS))
    result.seconds, result.cpu_seconds = time.perf_counter() - began, sum(server.cpu_times()[:2]) - busy
    if result.statuses != {b"200"}:
        raise RuntimeError(f"{case.name} answered {result.statuses}")
    return result


@contextmanager
def served(instance: Instance) -> Iterator[tuple[psutil.Process, int]]:
    """The endpoints on uvicorn, before a database of many users."""
    with tempfile.TemporaryDirectory() as directory, Servers(Path(directory)) as servers:
        upgrade(servers.owner_url, servers.app_url)
        fill(servers.owner_url)
        environment = {
            **os.environ,
            "DATABASE_URL": servers.app_url,
            "CLERK_ISSUER": instance.issuer,
            "CLERK_JWT_KEY": instance.pem,
            "CLERK_AUTHORIZED_PARTIES": PARTY,
        }
        port = free_port()
        process = Process("guarded", [*SERVER, "--port", str(port), "--log-level", "warning"], environment=environment)
        process.start(sys.stderr.buffer)
        try:
            wait_for(port)
            yield psutil.Process(process.pid), port
        finally:
            process.end()


def fill(owner_url: str) -> None:
    """Users with a role each."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute(
            "insert into users (clerk_id, clerk_updated_at) select 'user_' || n, now() from generate_series(0, %s) n",
            (USERS,),
        )
        connection.execute(
            "insert into user_roles (user_id, role, effective_start_date, assigned_by)"
            " select id, 'LEARNER', now(), 'bench' from users"
        )
        connection.execute("vacuum analyze users, user_roles")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    """Wait until somebody listens."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the server did not start")


def line(name: str, connections: int, rounds: list[Result]) -> str:
    """The medians of a few rounds as a row."""
    rate = median(len(one.latencies) / one.seconds for one in rounds)
    cpu = median(one.cpu_seconds / len(one.latencies) for one in rounds)
    p50, p99 = (
        median(sorted(one.latencies)[int(share * len(one.latencies))] for one in rounds) for share in (0.5, 0.99)
    )
    return (
        f"{name:<20}{connections:>5}{rate:>10,.0f}/s{p50 * 1e3:>9.1f} ms{p99 * 1e3:>9.1f} ms"
        f"{cpu * 1e6:>9.0f} us{1 / cpu:>10,.0f}/s"
    )


def main() -> None:
    """Measure, and print a table."""
    instance = Instance()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {USERS:,} users; medians of {ROUNDS} rounds")
    print(f"{'':<20}{'conns':>5}{'requests':>12}{'p50':>12}{'p99':>12}{'CPU each':>12}{'a core':>12}")
    asked = cases(instance)
    with served(instance) as (server, port):
        for connections in CONNECTIONS:
            rounds: dict[str, list[Result]] = {case.name: [] for case in asked}
            for _ in range(ROUNDS):
                for case in asked:
                    rounds[case.name].append(round_of(server, port, case, connections))
            for name, results in rounds.items():
                print(line(name, connections, results), flush=True)


if __name__ == "__main__":
    main()
