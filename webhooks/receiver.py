"""Assembles the receiver: routes, dependencies and lifespan."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from akako_guard.database import engine
from clerk.signature import SigningSecrets
from config.formats import split_secrets
from config.rate_limited_log import rate_limited
from config.settings import ReceiverSettings
from health import process_starts, readiness
from serving.limits import ServerState, limits
from sync.enqueue import Queue
from webhooks.enqueuer import Enqueuer
from webhooks.intake import Intake
from webhooks.metrics import NOT_STORED, REFUSED
from webhooks.receive import Receiver

log = structlog.get_logger()

DELIVERIES = "/webhooks/clerk"

# Below Svix's timeout of 15 s and far above the duration of a commit: no request waits for a longer statement.
STATEMENT_SECONDS = 5


def build(settings: ReceiverSettings) -> ASGIApp:
    """The ASGI application that receives Clerk's deliveries."""
    database = engine.connect(
        settings.database_url.get_secret_value(),
        "receiver",
        pooler=settings.database_pooler,
        connections=1,
        statement_seconds=STATEMENT_SECONDS,
    )
    queue = Queue(settings.redis, settings.apply_set_size)
    enqueuer = Enqueuer(queue)
    intake = Intake(database, settings, enqueuer.enqueue)
    refused, not_stored = rate_limited("delivery.refused", REFUSED), rate_limited("delivery.not_stored", NOT_STORED)
    signing_secrets = SigningSecrets(split_secrets(settings.clerk_webhook_signing_secret))
    receiver = Receiver(settings, signing_secrets, intake, refused, not_stored)

    process_limits = limits(
        settings, refused.note, body_bytes=settings.max_body_bytes, total_bytes=settings.intake_waiting_bytes
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[ServerState]:
        process_starts.count_start()
        enqueuer.start()
        intake.start()
        log.info("receiver.started")
        yield ServerState(limits=process_limits)
        await intake.close()
        await asyncio.to_thread(enqueuer.close)
        refused.close()
        not_stored.close()
        queue.close()
        database.dispose()
        log.info("receiver.stopped")

    app = Starlette(
        routes=[
            Route(DELIVERIES, receiver, methods=["POST"]),
            Route("/healthz", healthz),
            Route("/readyz", readiness.build(settings).answer),
        ],
        exception_handlers={HTTPException: receiver.refuse},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # a redirect would contain the untrusted Host header
    return app


async def healthz(_: Request) -> Response:
    """Liveness: the process responds. Dependencies are checked by `/readyz`."""
    return JSONResponse({"status": "ok"})
