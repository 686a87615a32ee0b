"""The receiver put together: its routes, and what lives as long as it does."""

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

from clerk.signature import Seals
from config.formats import split_secrets
from config.rate_limited_log import Tally
from config.settings import ReceiverSettings
from db import engine
from health import process_starts, readiness
from serving.limits import State, limits
from sync.enqueue import Queue
from webhooks.enqueuer import Nudger
from webhooks.fast_path import ShortCut
from webhooks.intake import Intake
from webhooks.metrics import NOT_KEPT, REFUSED
from webhooks.receive import Receiver

log = structlog.get_logger()

DELIVERIES = "/webhooks/clerk"

# Below Svix's own 15 s, and far above a commit: a statement that takes longer will not be waited for anyway.
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
    queue = Queue(settings.redis_url.get_secret_value(), settings.apply_set_size)
    nudger = Nudger(queue)
    intake = Intake(database, settings, nudger.nudge)
    refused, not_kept = Tally("delivery.refused", REFUSED), Tally("delivery.not_kept", NOT_KEPT)
    seals = Seals(split_secrets(settings.clerk_webhook_signing_secret))
    receiver = Receiver(settings, seals, intake, refused, not_kept)

    bounds = limits(
        settings, refused.note, body_bytes=settings.max_body_bytes, total_bytes=settings.intake_waiting_bytes
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[State]:
        process_starts.note_started()
        nudger.start()
        intake.start()
        log.info("receiver.started")
        yield State(limits=bounds)
        await intake.close()
        await asyncio.to_thread(nudger.close)
        refused.close()
        not_kept.close()
        queue.close()
        database.dispose()
        log.info("receiver.stopped")

    app = Starlette(
        routes=[
            Route(DELIVERIES, receiver, methods=["POST"]),
            Route("/healthz", healthz),
            Route("/readyz", readiness.build(settings).answer),
        ],
        exception_handlers={HTTPException: receiver.turn_away},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # the redirection would repeat what the sender says our name is
    return ShortCut(app, DELIVERIES, receiver)


async def healthz(_: Request) -> Response:
    """This process answers; whether its parts do is another question."""
    return JSONResponse({"status": "ok"})
