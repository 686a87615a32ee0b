"""Starlette: one `.delay(payload)` per request.

`.delay()` blocks for the half millisecond that Redis takes; in measurements, the thread pool cost more than it saved.
"""

import json
import os

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from svix.webhooks import Webhook, WebhookVerificationError

from bench.peers.delay_payload.worker import save_user

webhook = Webhook(os.environ["CLERK_WEBHOOK_SIGNING_SECRET"])


async def receive(request: Request) -> Response:
    body = await request.body()
    try:
        webhook.verify(body, dict(request.headers))
    except WebhookVerificationError:
        return JSONResponse({"error": "invalid signature"}, 400)
    save_user.delay(json.loads(body))
    return JSONResponse({"status": "accepted"}, 202)


app = Starlette(routes=[Route("/webhooks/clerk", receive, methods=["POST"])])
