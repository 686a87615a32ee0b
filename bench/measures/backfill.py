"""Reading all users of Clerk: the CPU time and memory of a walk that changes nothing, and the rate of an import.

Clerk is a server of this machine that answers at once, over TLS (`bench/peers/clerk_users.py`).
"""

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from bench import commands, consumption, services
from bench.commands import Ended
from bench.contenders import AKAKO
from bench.databases import Database
from bench.measures import applies
from bench.rows import Row, Values
from bench.setup import Setup
from dev import ports
from tests.tls import self_signed

SERVER = "{python} -m bench.peers.clerk_users {port} {users} {certificate} {key}"
IMPORT = ("akako", "backfill", "--json")
RECONCILE = (sys.executable, "-m", "bench.peers.reconcile_walk")
READING = (sys.executable, "-m", "bench.peers.reading")
EVENTS, BACKFILL, WALK, FLOOR = "akako, events", "akako, backfill", "akako, reconciling", "reading the pages alone"
WALKS = {FLOOR: READING, BACKFILL: IMPORT, WALK: RECONCILE}
MILLION = 1_000_000


def imports(setup: Setup) -> Iterator[Row]:
    """Import new users, and apply as many events of new users with two worker processes."""
    users = setup.scale.backlog
    for number in range(setup.scale.rounds):
        setup.say(f"import: round {number + 1}, {users:,} events")
        yield Row("import", EVENTS, users, applies.one(setup, AKAKO, setup.place(AKAKO), f"i{number}", users))
        setup.say(f"import: round {number + 1}, {users:,} users")
        database = setup.place(AKAKO).database
        setup.checkpoint()
        with _clerk(setup, database, users) as environment:
            yield Row("import", BACKFILL, users, _imported(setup, environment, users))


def walks(setup: Setup) -> Iterator[Row]:
    """Walk over users that are all stored and unchanged."""
    users, database = setup.scale.walk_users, setup.place(AKAKO).database
    # A walk that sees no users counts as incomplete as soon as the database has some: the starts are measured first.
    with _clerk(setup, database, 0) as environment:
        starts = {command: commands.run(command, environment).cpu_seconds for command in WALKS.values()}
    with _clerk(setup, database, users) as environment:
        setup.say(f"walks: importing {users:,} users")
        _imported(setup, environment, users)
        database.run("vacuum analyze")
        for number in range(setup.scale.rounds):
            for name, command in WALKS.items():
                setup.say(f"walks: round {number + 1}, {users:,} users, {name}")
                setup.checkpoint()
                yield Row("walk", name, users, _walked(setup, command, environment, starts[command], users))


def _walked(setup: Setup, command: Sequence[str], environment: Mapping[str, str], start: float, users: int) -> Values:
    """CPU seconds for a million users: of the start once, and of the users as many times as it takes."""
    before = consumption.cpu_seconds(setup.servers.postgres.pid)
    ended = commands.run(command, environment)
    postgres = consumption.cpu_seconds(setup.servers.postgres.pid) - before
    _check(command, ended, users)
    return {
        "cpu": start + max(0.0, ended.cpu_seconds - start) * MILLION / users,
        "postgres_cpu": postgres * MILLION / users,
        "largest_mb": ended.largest_mb,
        "seconds": ended.seconds * MILLION / users,
    }


def _check(command: Sequence[str], ended: Ended, users: int) -> None:
    """Raise RuntimeError unless the walk saw every user and changed none."""
    found = json.loads(ended.printed)["unchanged"] if command is IMPORT else int(ended.printed.split()[-1])
    if found != users:
        raise RuntimeError(f"{' '.join(command)} read {users:,} users and printed:\n{ended.printed}")


def _imported(setup: Setup, environment: Mapping[str, str], users: int) -> Values:
    """An import of new users; its rate counts from when the import was recorded, without the command's start."""
    before = consumption.cpu_seconds(setup.servers.postgres.pid)
    ended = commands.run(IMPORT, environment)
    end, walk = time.time(), json.loads(ended.printed)
    spent = ended.cpu_seconds + consumption.cpu_seconds(setup.servers.postgres.pid) - before
    if walk["created"] != users:
        raise RuntimeError(f"importing {users:,} users printed:\n{ended.printed}")
    seconds = end - datetime.fromisoformat(walk["started_at"]).timestamp()
    return {"rate": users / seconds, "cpu": spent / users * 1_000, "largest_mb": ended.largest_mb}


@contextmanager
def _clerk(setup: Setup, database: Database, users: int) -> Iterator[dict[str, str]]:
    """Clerk with this number of users, and the environment of a command that asks it."""
    port = ports.free_port()
    directory = setup.logs / f"clerk-{port}"
    directory.mkdir(exist_ok=True)
    certificate = self_signed(directory)
    command = SERVER.format(
        python=sys.executable, port=port, users=users, certificate=certificate.path, key=certificate.key
    )
    with services.running(setup.logs, "clerk-users", command, {}) as process:
        services.wait_for_port(setup.logs, process, port)
        yield {
            "DATABASE_URL": database.url,
            "CLERK_API_URL": f"https://127.0.0.1:{port}",
            "CLERK_SECRET_KEY": "sk_live_bench",
            "CLERK_REQUESTS_PER_SECOND": "100",
            "SSL_CERT_FILE": str(certificate.path),
        }
