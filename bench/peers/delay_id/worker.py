"""One Celery task per event: it locks the event's row, saves the user, and marks the row, in one transaction."""

import json
import os

from celery import Celery
from celery.signals import worker_process_init
from sqlalchemy import create_engine, func
from sqlalchemy.orm import sessionmaker

from bench.peers.tables import WebhookEvent
from bench.peers.users import save

engine = create_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"))
Session = sessionmaker(engine)

app = Celery("delay_id", broker=os.environ["REDIS_URL"])
app.conf.update(task_ignore_result=True, task_acks_late=True, broker_connection_retry_on_startup=True)


@worker_process_init.connect(weak=False)
def forget_connections(**_: object) -> None:
    engine.dispose(close=False)


@app.task(name="apply_event")
def apply_event(svix_id: str) -> None:
    with Session.begin() as session:
        event = session.get(WebhookEvent, svix_id, with_for_update=True)
        if event is None or event.applied_at is not None:
            return
        save(session, json.loads(event.body)["data"])
        event.applied_at = func.now()
