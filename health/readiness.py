"""`/readyz`: whether everything is there that it takes to apply an event, and what is not."""

import asyncio
import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from config.settings import BrokerSettings
from health.broker import Broker
from health.components import Components, ComponentState
from health.database import DatabaseProbe

FRESH_SECONDS = 2.0


class Readiness:
    """Answers 200 or 503, with what is wrong with each part.

    However many ask, one at a time looks, and the answer is good for a while: strangers may ask, and load nothing.
    """

    def __init__(self, parts: Components) -> None:
        self._parts = parts
        self._looking: asyncio.Task[list[ComponentState]] | None = None
        self._looked_at = 0.0

    async def answer(self, _: Request) -> Response:
        """The newest answer."""
        states = await asyncio.shield(self._look())
        ready = all(state.is_well for state in states)
        said = {state.part.value: state.description for state in states}
        return JSONResponse({"ready": ready, "parts": said}, 200 if ready else 503)

    def _look(self) -> "asyncio.Task[list[ComponentState]]":
        now = time.monotonic()
        if self._looking is None or (self._looking.done() and now - self._looked_at > FRESH_SECONDS):
            self._looked_at = now
            self._looking = asyncio.create_task(asyncio.to_thread(self._parts.states))
        return self._looking


def build(settings: BrokerSettings) -> Readiness:
    """The endpoint of a process with these servers."""
    look = DatabaseProbe(settings.database_url.get_secret_value(), settings.database_pooler)
    return Readiness(Components(look, Broker(settings.redis)))
