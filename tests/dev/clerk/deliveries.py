"""A receiver in the test's process, to which a development Clerk delivers."""

import asyncio
import json
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from svix.webhooks import Webhook

from dev.clerk.endpoint import Endpoint, Secret
from tests.clerk_sender import signing_secret
from tests.dev.clerk.api import Api

URL = "http://127.0.0.1:1/webhooks/clerk"


@dataclass
class Receiver:
    """Answers with the statuses given, then 202; records what it got."""

    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    """The headers of the answers."""
    got: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.got.append(request)
        status = self.statuses.pop(0) if self.statuses else 202
        if status == 0:
            raise httpx.ConnectError("refused")
        return httpx.Response(status, headers=self.headers)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The bodies, in the order of arrival."""
        return [json.loads(request.content) for request in self.got]

    @property
    def types(self) -> list[str]:
        """The types of the events."""
        return [event["type"] for event in self.events]


class Deliveries:
    """The deliveries of an instance to a receiver."""

    def __init__(self, api: Api) -> None:
        self.secret = signing_secret()
        self.api = api
        self.receiver = Receiver()
        self.sender = api.instance.sender
        api.instance.state.endpoint = Endpoint(url=URL, secrets=(Secret(self.secret),))

    def send(self) -> int:
        """Send whatever is due; returns how many attempts were made."""

        async def sending() -> int:
            async with httpx.AsyncClient(transport=httpx.MockTransport(self.receiver)) as client:
                return await self.sender.send_due(client)

        return asyncio.run(sending())

    def send_all(self) -> None:
        """Send until nothing is due."""
        while self.send():
            pass

    def message(self) -> Any:
        """The newest message."""
        return list(self.api.instance.state.messages.values())[-1]

    def verify(self, request: httpx.Request, secret: str | None = None) -> None:
        """Verify a delivery with the official library. Raises WebhookVerificationError."""
        Webhook(secret or self.secret).verify(request.content, dict(request.headers))

    def disable(self) -> None:
        """Disable the endpoint, as a person does in the dashboard."""
        self.api.instance.state.endpoint = replace(self.api.instance.state.endpoint, disabled=True)
