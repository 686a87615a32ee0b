"""The usual durable receiver: verify, one INSERT and commit a request, one `.delay(id)` a request, in a thread pool."""

import json
import os

from sqlalchemy.dialects.postgresql import insert
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from svix.webhooks import Webhook, WebhookVerificationError

from bench.peers.orm_worker import Session, apply_event
from bench.peers.tables import WebhookEvent

webhook = Webhook(os.environ["CLERK_WEBHOOK_SIGNING_SECRET"])


async def receive(request: Request) -> Response:
    return await run_in_threadpool(keep, request.headers, await request.body())


def keep(headers: Headers, body: bytes) -> Response:
    try:
        webhook.verify(body, dict(headers))
    except WebhookVerificationError:
        return JSONResponse({"error": "invalid signature"}, 400)
    svix_id, event = headers["svix-id"], json.loads(body)
    with Session.begin() as session:
        row = insert(WebhookEvent).values(svix_id=svix_id, type=event["type"], body=body)
        session.execute(row.on_conflict_do_nothing())
    apply_event.delay(svix_id)
    return JSONResponse({"status": "accepted"}, 202)


app = Starlette(routes=[Route("/webhooks/clerk", receive, methods=["POST"])])
