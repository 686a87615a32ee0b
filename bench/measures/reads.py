"""Response times of the API's lists, details and figures, and of the console's pages, with full tables.

The tables have the shares of a large installation (`bench.population`). One request at a time; times include HTTP, the
token, the roles of the caller and the response, on a connection that stays open.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import quote

from akako_guard.credentials import SESSION_COOKIE
from bench import population, services
from bench.databases import OUR_TEMPLATE, Database, exists, fresh, named, rename
from bench.figures import percentile
from bench.rows import Row, Values
from bench.setup import Setup
from dev import ports
from tests.clerk_signs_in import PARTY, Instance

POPULATED = "bench_populated"
REQUESTS = 60
"""Requests of one operation in a round, after a few that warm caches."""
WARM = 5
USER, EVENTS, AUDIT = "/api/admin/users", "/api/admin/events", "/api/admin/audit"


@dataclass(frozen=True, slots=True)
class Read:
    """One operation: its name and group, and its path with the values that `{}` stands for, one per request."""

    name: str
    group: str
    path: str
    query: str = ""
    """A statement that returns the values."""


SAMPLE = "tablesample system (0.1)"
_SOME_USERS = f"select clerk_id from users {SAMPLE} where deleted_at is null limit 100"
_SOME_EVENTS = f"select svix_id from webhook_events {SAMPLE} limit 100"
READS = (
    Read("the caller's own profile, to compare", "details", "/api/user/profile"),
    Read("users, newest", "list", USER),
    Read("users, by name", "list", f"{USER}?q={{}}", "select unnest(array['ada', 'knuth', 'grace.hop', 'zzz'])"),
    Read("users, by role", "list", f"{USER}?role={{}}", "select unnest(array['ADMIN', 'MENTOR', 'LEARNER'])"),
    Read("users, deleted", "list", f"{USER}?deleted=true"),
    Read("users, banned", "list", f"{USER}?banned=true"),
    Read("one user", "details", f"{USER}/{{}}", _SOME_USERS),
    Read("explain a role", "details", f"{USER}/{{}}/explain?role=LEARNER", _SOME_USERS),
    Read("trail, newest", "list", AUDIT),
    Read("trail, by user", "list", f"{AUDIT}?user={{}}", _SOME_USERS),
    Read("trail, by actor", "list", f"{AUDIT}?actor={{}}", f"select unnest(array['{population.ADMIN}', 'clerk', 'x'])"),
    Read("trail, by cause", "list", f"{AUDIT}?cause={{}}", f"{_SOME_EVENTS[:-9]} union all select 'none' limit 100"),
    Read(
        "trail, by action",
        "list",
        f"{AUDIT}?action={{}}",
        "select unnest(array['role.expired', 'role.assigned', 'none'])",
    ),
    Read("events, newest", "list", EVENTS),
    Read(
        "events, by status",
        "list",
        f"{EVENTS}?status={{}}",
        "select unnest(array['applied', 'ignored', 'parked', 'held', 'received'])",
    ),
    Read("events, by user", "list", f"{EVENTS}?user={{}}", _SOME_USERS),
    Read(
        "events, by type",
        "list",
        f"{EVENTS}?type={{}}",
        "select unnest(array['user.updated', 'session.created', 'user.deleted', 'none'])",
    ),
    Read("events, by text, most match", "list", f"{EVENTS}?error=We+do+not"),
    Read("events, by text, few match", "list", f"{EVENTS}?error=40P01"),
    Read("events, by text, none match", "list", f"{EVENTS}?error=nothing+like+this"),
    Read("one event", "details", f"{EVENTS}/{{}}", _SOME_EVENTS),
    Read("event statistics", "chart", f"{EVENTS}/stats"),
    Read("health", "health", "/api/admin/health"),
    Read("activity of an hour", "chart", "/api/admin/activity?span=hour"),
    Read("activity of a day", "chart", "/api/admin/activity?span=day"),
    Read("drift", "list", "/api/admin/drift"),
    Read("held deletions", "list", "/api/admin/deletions"),
)
_NAMES = "select unnest(array['ada', 'knuth', 'grace.hop', 'zzz'])"
_ASSIGNMENTS = f"""
    select clerk_id || '/roles/' || user_roles.id from users {SAMPLE} join user_roles on user_id = users.id
    where deleted_at is null limit 100
"""
PAGES = (
    Read("page of health", "health", "/"),
    Read("page of users", "list", "/users"),
    Read("page of users, by name", "list", "/users?q={}", _NAMES),
    Read("page of one user", "details", "/users/{}", _SOME_USERS),
    Read("page of an assignment", "details", "/users/{}", _ASSIGNMENTS),
    Read("page that explains a role", "details", "/users/{}/explain?role=LEARNER", _SOME_USERS),
    Read("page of the trail", "list", "/audit"),
    Read("page of the trail of a user", "list", "/audit?user={}", _SOME_USERS),
    Read("page of events", "list", "/events"),
    Read("page of events, by text", "list", "/events?error=40P01"),
    Read("page of one event", "details", "/events/{}", _SOME_EVENTS),
    Read("page of parked events", "list", "/parked"),
    Read("page of held deletions", "list", "/held"),
    Read("page of drift", "list", "/drift"),
)


def reads(setup: Setup) -> Iterator[Row]:
    """Measure each operation in turn."""
    database, instance = _populated(setup), Instance()
    values = {read.name: _values(database, read.query) for read in READS + PAGES if read.query}
    with _served(setup, database, instance, "api") as api, _served(setup, database, instance, "console") as console:
        for number in range(setup.scale.rounds):
            for read in READS + PAGES:
                setup.say(f"reads: round {number + 1}, {read.name}")
                connection = api if read in READS else console
                measured = _round(connection, instance, read, values.get(read.name))
                yield Row("reads", f"akako, {read.group}: {read.name}", 0, measured)


def _values(database: Database, query: str) -> list[str]:
    """The values of a query; a sample of a small table may have none, and is then taken of all its rows."""
    found = database.run(query) or database.run(query.replace(SAMPLE, "tablesample system (100)"))
    return [str(row[0]) for row in found]


def _populated(setup: Setup) -> Database:
    if not exists(setup.servers, POPULATED):
        growing = fresh(setup.servers, f"{POPULATED}_half", OUR_TEMPLATE)
        population.fill(growing, setup.scale.grown_users, setup.scale.grown_events, setup.say)
        rename(setup.servers, f"{POPULATED}_half", POPULATED)
    return named(setup.servers, POPULATED)


def _round(connection: HTTPConnection, instance: Instance, read: Read, values: list[str] | None) -> Values:
    token = instance.token(population.ADMIN, exp=int(time.time()) + 3_600)
    headers = {"Cookie": f"{SESSION_COOKIE}={token}"} if read in PAGES else {"Authorization": f"Bearer {token}"}
    waits = []
    for number in range(WARM + REQUESTS):
        path = read.path.format(quote(values[number % len(values)], safe="/")) if values else read.path
        start = time.perf_counter()
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        body = response.read()
        waits.append((time.perf_counter() - start) * 1_000)
        if response.status != 200:
            raise RuntimeError(f"{path} answered {response.status}: {body.decode()[:1_000]}")
    counted = waits[WARM:]
    return {
        "first_ms": waits[0],
        "p50_ms": percentile(counted, 0.5),
        "p95_ms": percentile(counted, 0.95),
        "worst_ms": max(counted),
    }


@contextmanager
def _served(setup: Setup, database: Database, instance: Instance, part: str) -> Iterator[HTTPConnection]:
    """A connection to the API or the console, a process of its own."""
    port = ports.free_port()
    environment = {
        "DATABASE_URL": database.url,
        "REDIS_URL": setup.servers.redis_url,
        "CLERK_SECRET_KEY": "sk_test_bench",
        "CLERK_ISSUER": instance.issuer,
        "CLERK_JWT_KEY": instance.pem,
        "CLERK_AUTHORIZED_PARTIES": PARTY,
        "CONSOLE_URL": PARTY,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "LOG_FORMAT": "json",
    }
    with services.running(setup.logs, part, f"python -m {part}", environment) as process:
        services.wait_for_port(setup.logs, process, port)
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        yield connection
        connection.close()
