"""One Celery task per event, which saves the user."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_process_init
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

from bench.peers.users import save

engine = create_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"))
Session = sessionmaker(engine)

app = Celery("delay_payload", broker=os.environ["REDIS_URL"])
app.conf.update(task_ignore_result=True, task_acks_late=True, broker_connection_retry_on_startup=True)


@worker_process_init.connect(weak=False)
def forget_connections(**_: object) -> None:
    engine.dispose(close=False)


@app.task(name="save_user")
def save_user(event: dict[str, Any]) -> None:
    with Session.begin() as session:
        save(session, event["data"])
