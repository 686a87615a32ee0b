"""The usual worker: one Celery task an event, which reads it and writes the user with SQLAlchemy's ORM."""

import json
import os
from typing import Any

from celery import Celery
from celery.signals import worker_process_init
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import sessionmaker

from bench.peers.tables import User, UserRole, WebhookEvent

engine = create_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"), pool_size=20)
Session = sessionmaker(engine)

app = Celery("usual", broker=os.environ["REDIS_URL"])
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
        data = json.loads(event.body)["data"]
        user = session.scalar(select(User).where(User.clerk_id == data["id"]))
        if user is None:
            user = User(clerk_id=data["id"], clerk_updated_at=0, roles=[UserRole(role="LEARNER")])
            session.add(user)
        if data["updated_at"] > user.clerk_updated_at:
            update(user, data)
        event.applied_at = func.now()


def update(user: User, data: dict[str, Any]) -> None:
    addresses = {address["id"]: address["email_address"] for address in data["email_addresses"]}
    user.email = addresses.get(data["primary_email_address_id"])
    user.first_name = data["first_name"]
    user.last_name = data["last_name"]
    user.username = data["username"]
    user.image_url = data["image_url"]
    user.banned = data["banned"]
    user.clerk_updated_at = data["updated_at"]
