"""The receiver put together: its routes, and what lives as long as it does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from clerk.signature import Seals
from config.settings import ReceiverSettings, split_secrets
from db import engine
from webhooks.intake import Intake
from webhooks.nudge import Nudger
from webhooks.receive import Receiver
from webhooks.refusals import Refusals
from worker.enqueue import Queue

log = structlog.get_logger()

# Below Svix's own 15 s, and far above a commit: a statement that takes longer will not be waited for anyway.
STATEMENT_SECONDS = 5


def build(settings: ReceiverSettings) -> Starlette:
    """The ASGI application that receives Clerk's deliveries."""
    database = engine.connect(
        settings.database_url.get_secret_value(), "receiver", connections=1, statement_seconds=STATEMENT_SECONDS
    )
    queue = Queue(settings.redis_url.get_secret_value(), settings.apply_set_size)
    nudger = Nudger(queue)
    intake = Intake(database, settings, nudger.nudge)
    refusals = Refusals()
    seals = Seals(split_secrets(settings.clerk_webhook_signing_secret))
    receiver = Receiver(settings, seals, intake, refusals)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        nudger.start()
        intake.start()
        log.info("receiver.started")
        yield
        await asyncio.to_thread(intake.close)
        await asyncio.to_thread(nudger.close)
        refusals.close()
        queue.close()
        database.dispose()
        log.info("receiver.stopped")

    return Starlette(
        routes=[
            Route("/webhooks/clerk", receiver.receive, methods=["POST"]),
            Route("/healthz", healthz),
        ],
        lifespan=lifespan,
    )


async def healthz(_: Request) -> Response:
    """This process answers; whether its parts do is another question."""
    return JSONResponse({"status": "ok"})
