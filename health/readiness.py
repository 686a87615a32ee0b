"""`/readyz`: whether all components that are needed to apply an event are available, and which are not."""

import asyncio
import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from config.settings import BrokerSettings
from health.broker import Broker
from health.components import APPLYING, Components, ComponentState
from health.database import DatabaseProbe

FRESH_SECONDS = 2.0


class Readiness:
    """Responds with 200 or 503 and the state of each component.

    Concurrent requests share one check, whose result is cached briefly: untrusted clients cause no load.
    """

    def __init__(self, components: Components) -> None:
        self._components = components
        self._check: asyncio.Task[list[ComponentState]] | None = None
        self._checked_at = 0.0

    async def answer(self, _: Request) -> Response:
        """The newest result."""
        states = [state for state in await asyncio.shield(self._current()) if state.part in APPLYING]
        ready = all(state.is_healthy for state in states)
        parts = {state.part.value: state.description for state in states}
        return JSONResponse({"ready": ready, "parts": parts}, 200 if ready else 503)

    def _current(self) -> "asyncio.Task[list[ComponentState]]":
        now = time.monotonic()
        if self._check is None or (self._check.done() and now - self._checked_at > FRESH_SECONDS):
            self._checked_at = now
            self._check = asyncio.create_task(asyncio.to_thread(self._components.states))
        return self._check


def build(settings: BrokerSettings) -> Readiness:
    """The endpoint of a process with these settings."""
    database = DatabaseProbe(settings.database_url.get_secret_value(), settings.database_pooler)
    return Readiness(Components(database, Broker(settings.redis)))
