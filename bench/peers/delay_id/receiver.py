"""Starlette: one INSERT and commit per request with SQLAlchemy's async session, then one `.delay(id)`.

`.delay()` blocks for the half millisecond that Redis takes; in measurements, the thread pool cost more than it saved.
"""

import json
import os

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from svix.webhooks import Webhook, WebhookVerificationError

from bench.peers.delay_id.worker import apply_event
from bench.peers.tables import WebhookEvent

webhook = Webhook(os.environ["CLERK_WEBHOOK_SIGNING_SECRET"])
engine = create_async_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"), pool_size=20)
Session = async_sessionmaker(engine)


async def receive(request: Request) -> Response:
    body = await request.body()
    try:
        webhook.verify(body, dict(request.headers))
    except WebhookVerificationError:
        return JSONResponse({"error": "invalid signature"}, 400)
    svix_id, event = request.headers["svix-id"], json.loads(body)
    async with Session.begin() as session:
        row = insert(WebhookEvent).values(svix_id=svix_id, type=event["type"], body=body)
        await session.execute(row.on_conflict_do_nothing())
    apply_event.delay(svix_id)
    return JSONResponse({"status": "accepted"}, 202)


app = Starlette(routes=[Route("/webhooks/clerk", receive, methods=["POST"])])
