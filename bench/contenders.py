"""Akako Sync, the peers and the ceilings, by the names that `--peers` accepts."""

import sys
from importlib.util import find_spec

from bench import node
from bench.contender import Contender, as_events, as_messages, as_users, nowhere
from bench.databases import OUR_TEMPLATE, PROCRASTINATE_TEMPLATE, USUAL_TEMPLATE

UVICORN = (
    "uvicorn bench.peers.{name}.receiver:app --host 127.0.0.1 --port {{port}} --workers {{processes}}"
    " --loop uvloop --http httptools --no-access-log --log-level warning"
)
CELERY = (
    "celery -A bench.peers.{name}.worker worker --without-gossip --without-mingle"
    " --concurrency {{processes}} --loglevel warning"
)
OUR_HOLDS = """
    select clerk_id from users join user_roles on user_roles.user_id = users.id
    where clerk_id = any(%s) and deleted_at is null and is_active and effective_start_date <= now()
      and (effective_end_date is null or effective_end_date > now())
"""
HOLDS = """
    select clerk_id from users join user_roles on user_roles.user_id = users.id
    where clerk_id = any(%s) and effective_start_date <= now()
      and (effective_end_date is null or effective_end_date > now())
"""
TOO_FEW_USERS = "select 1 where (select count(*) from users) < %(expected)s"

AKAKO = Contender(
    name="akako",
    title="Akako Sync",
    tables=OUR_TEMPLATE,
    receiver=f"{sys.executable} -m webhooks",
    worker="celery --quiet -A worker.app worker --without-gossip --without-mingle",
    worker_forks=True,
    count_stored=as_events,
    empty="truncate webhook_events",
    holds=OUR_HOLDS,
    waits="select 1 from webhook_events where status = 'received' limit 1",
    poll_seconds=0.02,
    max_rate=20_000,
)
IN_REQUEST = Contender(
    name="in_request",
    title="1 all in the request",
    tables=USUAL_TEMPLATE,
    receiver=UVICORN.format(name="in_request"),
    worker=None,
    worker_forks=True,
    count_stored=as_users,
    empty="truncate users cascade",
    holds=HOLDS,
    waits=TOO_FEW_USERS,
    poll_seconds=0.1,
    max_rate=2_500,
    slow=True,
)
DELAY_PAYLOAD = Contender(
    name="delay_payload",
    title="2 .delay(payload)",
    tables=USUAL_TEMPLATE,
    receiver=UVICORN.format(name="delay_payload"),
    worker=CELERY.format(name="delay_payload"),
    worker_forks=True,
    count_stored=as_messages,
    empty="truncate users cascade",
    holds=HOLDS,
    waits=TOO_FEW_USERS,
    poll_seconds=0.1,
    max_rate=4_000,
    slow=True,
)
DELAY_ID = Contender(
    name="delay_id",
    title="3 row, .delay(id)",
    tables=USUAL_TEMPLATE,
    receiver=UVICORN.format(name="delay_id"),
    worker=CELERY.format(name="delay_id"),
    worker_forks=True,
    count_stored=as_events,
    empty="truncate webhook_events",
    holds=HOLDS,
    waits=TOO_FEW_USERS,
    poll_seconds=0.1,
    max_rate=2_500,
    slow=True,
)
PROCRASTINATE = Contender(
    name="procrastinate",
    title="4 Procrastinate",
    tables=PROCRASTINATE_TEMPLATE,
    receiver=UVICORN.format(name="procrastinate_job"),
    worker="procrastinate -a bench.peers.procrastinate_job.worker.app worker --concurrency 10",
    worker_forks=False,
    count_stored=as_events,
    empty="truncate webhook_events, procrastinate_jobs, procrastinate_events, procrastinate_periodic_defers",
    holds=HOLDS,
    waits=TOO_FEW_USERS,
    poll_seconds=0.1,
    max_rate=5_000,
    slow=True,
)
NODE = Contender(
    name="node",
    title="5 Node, BullMQ",
    tables=USUAL_TEMPLATE,
    receiver=f"node {node.PLACE}/dist/receiver.js",
    worker=f"node {node.PLACE}/dist/worker.js",
    worker_forks=False,
    count_stored=as_events,
    empty="truncate webhook_events",
    holds=HOLDS,
    waits=TOO_FEW_USERS,
    poll_seconds=0.1,
    max_rate=12_000,
)
BARE = Contender(
    name="bare",
    title="bare Starlette",
    tables=USUAL_TEMPLATE,
    receiver=UVICORN.format(name="bare"),
    worker=None,
    worker_forks=True,
    count_stored=nowhere,
    empty="select",
    holds=HOLDS,
    waits=TOO_FEW_USERS,
    poll_seconds=0.1,
    max_rate=40_000,
)
ALL = (AKAKO, IN_REQUEST, DELAY_PAYLOAD, DELAY_ID, PROCRASTINATE, NODE, BARE)
NAMES = {contender.name: contender for contender in ALL}


def missing(contender: Contender) -> str | None:
    """Why a contender cannot run on this machine, and what to do; None if it can."""
    if contender is NODE and node.missing():
        return "node is skipped: Node is not installed. Install Node 20 or newer with npm to measure it."
    needed = "procrastinate" if contender is PROCRASTINATE else "greenlet"
    if contender in (IN_REQUEST, DELAY_ID, PROCRASTINATE) and find_spec(needed) is None:
        return f"{contender.name} is skipped: {needed} is not installed. Run `make bench` or `make bench-quick`."
    return None
