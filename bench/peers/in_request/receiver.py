"""Starlette and SQLAlchemy's async session: no queue, no worker, no row of the delivery."""

import json
import os

from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from svix.webhooks import Webhook, WebhookVerificationError

from bench.peers.users import save

webhook = Webhook(os.environ["CLERK_WEBHOOK_SIGNING_SECRET"])
engine = create_async_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"), pool_size=20)
Session = async_sessionmaker(engine)


async def receive(request: Request) -> Response:
    body = await request.body()
    try:
        webhook.verify(body, dict(request.headers))
    except WebhookVerificationError:
        return JSONResponse({"error": "invalid signature"}, 400)
    async with Session.begin() as session:
        await session.run_sync(save, json.loads(body)["data"])
    return JSONResponse({"status": "accepted"}, 202)


app = Starlette(routes=[Route("/webhooks/clerk", receive, methods=["POST"])])
