"""Starlette and psycopg: the row, and its job through Procrastinate on the same connection, in one commit."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from svix.webhooks import Webhook, WebhookVerificationError

from bench.peers.procrastinate_job.worker import app as jobs
from bench.peers.procrastinate_job.worker import apply_event

webhook = Webhook(os.environ["CLERK_WEBHOOK_SIGNING_SECRET"])
pool = AsyncConnectionPool(os.environ["DATABASE_URL"], min_size=20, max_size=20, open=False)

STORE = "insert into webhook_events (svix_id, type, body) values (%s, %s, %s) on conflict do nothing"


async def receive(request: Request) -> Response:
    body = await request.body()
    try:
        webhook.verify(body, dict(request.headers))
    except WebhookVerificationError:
        return JSONResponse({"error": "invalid signature"}, 400)
    svix_id, event = request.headers["svix-id"], json.loads(body)
    async with pool.connection() as connection:
        stored = await connection.execute(STORE, (svix_id, event["type"], body))
        if stored.rowcount:
            await apply_event.configure(connection=connection).defer_async(svix_id=svix_id)
    return JSONResponse({"status": "accepted"}, 202)


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    async with pool, jobs.open_async():
        yield


app = Starlette(routes=[Route("/webhooks/clerk", receive, methods=["POST"])], lifespan=lifespan)
