"""The common starting point: Celery on Redis with the payload in the message, without a table of events."""

import os

import psycopg
from celery import Celery, signals

app = Celery("plain", broker=os.environ["REDIS_URL"])
app.conf.update(
    task_ignore_result=True,
    broker_connection_retry_on_startup=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    # By default, a message of a killed worker is redelivered after an hour.
    broker_transport_options={"visibility_timeout": 10},
)
_connections: list[psycopg.Connection] = []


@signals.worker_process_init.connect
def _connect(**_: object) -> None:
    _connections[:] = [psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)]


@app.task(name="apply_payload")
def apply_payload(number: int) -> None:
    """Insert a row for each run."""
    _connections[0].execute("insert into plain_effects (number) values (%s)", (number,))
