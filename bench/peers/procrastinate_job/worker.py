"""One Procrastinate job per event: it locks the event's row, saves the user, and marks the row, in one transaction."""

import json
import os

import procrastinate
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from bench.peers.tables import WebhookEvent
from bench.peers.users import save

engine = create_async_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"), pool_size=20)
Session = async_sessionmaker(engine)

app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=os.environ["DATABASE_URL"]))


@app.task(name="apply_event")
async def apply_event(svix_id: str) -> None:
    async with Session.begin() as session:
        await apply(session, svix_id)


async def apply(session: AsyncSession, svix_id: str) -> None:
    event = await session.get(WebhookEvent, svix_id, with_for_update=True)
    if event is None or event.applied_at is not None:
        return
    await session.run_sync(save, json.loads(event.body)["data"])
    event.applied_at = func.now()
