"""A backlog: kept events and the messages that name them, waiting for a worker that is not running yet."""

import time
from collections.abc import Iterator

import redis
from celery import Celery
from sqlalchemy import create_engine, insert

from bench.databases import Database
from bench.deliveries import SECRET, Numbered
from bench.peers.tables import WebhookEvent
from clerk import events as reading
from clerk.signature import fingerprint
from db import engine, events
from db.events import Kept
from worker.enqueue import Queue

SET_SIZE = 200
BATCH = 1_000


def ours(database: Database, redis_url: str, run: str, count: int) -> None:
    """So many creations for our worker."""
    pool = engine.connect(database.url, "bench", connections=1)
    for batch in _batches(run, count):
        with pool.begin() as connection:
            events.keep(connection, [_kept(numbered) for numbered in batch])
    pool.dispose()
    _empty(redis_url)
    queue = Queue(redis_url, SET_SIZE)
    queue.put([Numbered(run, number).svix_id for number in range(count)])
    queue.close()


def usual(database: Database, redis_url: str, run: str, count: int) -> None:
    """So many creations for the usual worker."""
    pool = create_engine(database.url.replace("://", "+psycopg://"))
    for batch in _batches(run, count):
        rows = [{"svix_id": each.svix_id, "type": "user.created", "body": each.body()} for each in batch]
        with pool.begin() as connection:
            connection.execute(insert(WebhookEvent), rows)
    pool.dispose()
    _empty(redis_url)
    with Celery(broker=redis_url, set_as_current=False) as celery:
        for number in range(count):
            celery.send_task("apply_event", args=(Numbered(run, number).svix_id,), ignore_result=True)


def _batches(run: str, count: int) -> Iterator[list[Numbered]]:
    for start in range(0, count, BATCH):
        yield [Numbered(run, number) for number in range(start, min(start + BATCH, count))]


def _empty(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()


def _kept(numbered: Numbered) -> Kept:
    body = numbered.body()
    event = reading.read(body)
    return Kept(
        svix_id=numbered.svix_id,
        type=event.type,
        clerk_user_id=event.clerk_user_id,
        occurred_at=event.occurred_at,
        body=body,
        svix_timestamp=int(time.time()),
        svix_signature="v1," + "A" * 43 + "=",
        verified_by=fingerprint(SECRET),
        status="received",
        last_error=None,
    )
