"""Webhooks that Clerk never sends, late and repeated ones, while processes are killed: the tables become as Clerk says.

Two workers apply them; in between, users are imported, and differences repaired, by commands of which some are killed.

The development Clerk runs in this process, with its clock three minutes slow, so that a missing webhook counts as
missing at once. What was recorded is made older after each repetition, so that ten minutes take a second.
"""

import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache

import httpx
import psutil

from dev import clerk_instance
from dev.clerk.application import build
from dev.clerk.endpoint import Endpoint, Secret
from dev.clerk.faults import Fault
from dev.clerk.instance import Instance
from dev.clerk.rate_limit import UNLIMITED
from dev.clerk.state import State
from tests.api.served import served
from tests.faults.suite.conditions import Say
from tests.faults.suite.deliveries import SECRET
from tests.faults.suite.disk import ordinary
from tests.faults.suite.stack import RecoveryFailed, Stack
from tests.faults.suite.verdict import Verdict

SLOW_SECONDS = 180
USERS = 12
DROPPED = 0.4
DELIVERY_FAULTS = ("delay-delivery", "duplicate-delivery", "reorder-deliveries")
KILLED = ("clerk", "worker", "clerk", "beat")
OLDER = """
    update reconciling set read_at = read_at - interval '11 min', read_until = read_until - interval '11 min',
           counted_at = counted_at - interval '11 min', paused_until = null;
    update drift set next_check_at = next_check_at - interval '11 min', gone_at = gone_at - interval '11 min';
    update walks set started_at = started_at - interval '11 min';
    update leases set expires_at = clock_timestamp() where name = 'backfill'
"""
COMMANDS = (
    ("backfill",),
    ("backfill", "--restart"),
    ("drift", "repair", "--all", "--by", "ada", "--reason", "For a fault."),
)
COMMAND_SECONDS = 120
PIN = """
    begin;
    select set_config('akako.actor', 'operator:faults', true);
    insert into clerk_instance (instance_id) values ('{}');
    commit
"""
OURS = "select clerk_id, first_name, banned from users where deleted_at is null order by clerk_id"
TWICE = """
    select count(*) from (
        select from audit_log where action in ('user.created', 'user.deleted', 'role.assigned')
        group by clerk_user_id, action having count(*) > 1) as lines
"""

_signer = cache(clerk_instance.create)


@dataclass(frozen=True, slots=True)
class LostWebhooks:
    """Random lives at Clerk, whose webhooks are lost, late, repeated or out of order."""

    name: str
    times: int
    short: int = 0

    def run(self, times: int, say: Say) -> Verdict:
        """Change users at Clerk and kill a process, `times` times; then wait until the tables are as Clerk says."""
        verdict = Verdict(self.name, times, note="webhooks dropped, late, repeated; imports, repairs; processes killed")
        instance = Instance(State(), _signer(), limits=UNLIMITED, wall=lambda: time.time() - SLOW_SECONDS)
        with served(build(instance)) as url, ordinary() as directory:
            settings = {
                "CLERK_SECRET_KEY": instance.state.secret_key,
                "CLERK_API_URL": url,
                "CLERK_REQUESTS_PER_SECOND": "100",
                "INFERRED_DELETIONS_PER_HOUR": "1000",
            }
            with Stack(directory, settings=settings, second=("worker",)) as stack, _clerk(instance, url) as api:
                self._run(stack, instance, api, verdict, say)
        return verdict

    def _run(self, stack: Stack, instance: Instance, api: httpx.Client, verdict: Verdict, say: Say) -> None:
        webhook = f"http://127.0.0.1:{stack.port}/webhooks/clerk"
        instance.state.endpoint = Endpoint(url=webhook, secrets=(Secret(SECRET),))
        stack.execute(PIN.format(instance.state.instance_id))
        try:
            for number in range(verdict.times):
                say(f"{self.name}: {number + 1} of {verdict.times}")
                _live(instance, api)
                _command(stack, *COMMANDS[number % len(COMMANDS)], killed=random.random() < 0.5)
                _kill(stack, KILLED[number % len(KILLED)])
                stack.execute(OLDER)
            say(f"{self.name}: waiting until the tables are as Clerk says")
            stack.until(lambda: _agrees(stack, instance), "the tables are as Clerk says", 180)
            stack.settle()
        except KeyboardInterrupt:
            verdict.interrupted = True
        except RecoveryFailed as error:
            verdict.wrong.append(str(error))
        verdict.accepted = int(stack.run("select count(*) from webhook_events")[0][0])
        verdict.lost = len(set(_at_clerk(instance)) ^ set(stack.run(OURS)))
        verdict.twice = int(stack.run(TWICE)[0][0])


@contextmanager
def _clerk(instance: Instance, url: str) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {instance.state.secret_key}"}
    with httpx.Client(base_url=f"{url}/v1", headers=headers, trust_env=False) as client:
        yield client


def _live(instance: Instance, api: httpx.Client) -> None:
    """A few changes at Clerk, of some of which no webhook tells in time."""
    for _ in range(random.randint(2, 5)):
        if random.random() < DROPPED:
            instance.faults.add(Fault(id="", kind="drop-delivery", times=1))
        elif random.random() < DROPPED:
            instance.faults.add(Fault(id="", kind=random.choice(DELIVERY_FAULTS), times=1, seconds=2))
        ids = list(instance.state.users)
        if len(ids) < 3 or (len(ids) < USERS and random.random() < 0.4):
            email = f"user{random.randrange(10**9)}@example.com"
            api.post("/users", json={"email_address": [email], "first_name": "Ada"}).raise_for_status()
            continue
        user_id = random.choice(ids)
        match random.choice(["rename", "rename", "ban", "unban", "delete"]):
            case "rename":
                name = random.choice(["Ada", "Bea", "Cyd"])
                api.patch(f"/users/{user_id}", json={"first_name": name}).raise_for_status()
            case "delete":
                api.delete(f"/users/{user_id}").raise_for_status()
            case change:
                api.post(f"/users/{user_id}/{change}").raise_for_status()


def _command(stack: Stack, *words: str, killed: bool) -> None:
    """Run a command of `akako`, or kill it after a moment."""
    running = stack.command(*words)
    try:
        running.wait(random.uniform(0.5, 2) if killed else COMMAND_SECONDS)
    except subprocess.TimeoutExpired:
        if not killed:
            raise RecoveryFailed(f"`akako {' '.join(words)}` did not end; its log is in {stack.directory}") from None
    finally:
        running.kill()
        running.wait()


def _kill(stack: Stack, name: str) -> None:
    """Kill a process after it had a moment to work; the supervisor starts it again."""
    time.sleep(random.uniform(0.5, 3))
    with suppress(psutil.NoSuchProcess):  # it is being started again
        for each in stack.family(stack.pid(name)):
            each.kill()


def _agrees(stack: Stack, instance: Instance) -> bool:
    """Whether the tables are as Clerk says; makes what was recorded older, and lets a new process ask at once."""
    if _at_clerk(instance) == stack.run(OURS) and not stack.run("select from drift where ended_at is null"):
        return True
    stack.execute(OLDER)
    time.sleep(8)
    _kill(stack, "clerk")
    return False


def _at_clerk(instance: Instance) -> list[tuple[object, ...]]:
    users = sorted(instance.state.users.values(), key=lambda user: user.id)
    return [(user.id, user.first_name, user.banned) for user in users]
