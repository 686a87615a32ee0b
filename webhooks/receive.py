"""The webhook endpoint: verify, store, respond. The intake enqueues the event after the commit."""

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from akako_guard.log import RateLimitedLog
from clerk import events
from clerk.events import Event, Ignored, Unreadable
from clerk.signature import Delivery, InvalidDelivery, Reason, SigningSecrets
from config.settings import ReceiverSettings
from db.events import NewEvent
from serving import rejection
from serving.rejection import RejectReason
from webhooks.intake import Intake
from webhooks.outcome import Outcome, StorageUnavailable

# Encoded once; a response without a background task can be sent any number of times.
STORED = {outcome: JSONResponse({"status": outcome.value}, 202) for outcome in Outcome}
UNAVAILABLE = JSONResponse({"error": "unavailable"}, 503, {"Retry-After": "5"})
# Constant, so that an untrusted client learns nothing; the reason is in the log.
REFUSED = {status: rejection.response(status) for status in (400, 401, 408, 413)}


class Receiver:
    """The ASGI endpoint that receives deliveries."""

    def __init__(
        self,
        settings: ReceiverSettings,
        signing_secrets: SigningSecrets,
        intake: Intake,
        refused: RateLimitedLog,
        not_stored: RateLimitedLog,
    ) -> None:
        self._settings = settings
        self._signing_secrets = signing_secrets
        self._intake = intake
        self._refused = refused
        self._not_stored = not_stored

    # Plain ASGI instead of a Request object, which would be about a tenth of the cost of a delivery.
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        response = await self.receive(scope, receive)
        await response(scope, receive, send)

    async def receive(self, scope: Scope, receive: Receive) -> Response:
        """202 after the delivery is committed; 4xx if it is not valid; 503 if it cannot be stored."""
        try:
            delivery = self._signing_secrets.verify(scope["headers"], await self._body(scope, receive))
            outcome = await self._intake.store(new_event(delivery, events.read(delivery.body)))
        except InvalidDelivery as refused:
            self._refused.note(refused.reason)
            return REFUSED[refused.status]
        except StorageUnavailable as unavailable:
            self._not_stored.note(unavailable.reason, **unavailable.details)
            return UNAVAILABLE
        except ClientDisconnect:
            self._refused.note(RejectReason.SENDER_LEFT)
            return REFUSED[400]
        return STORED[outcome]

    async def refuse(self, _: Request, error: Exception) -> Response:
        """The response to a request for an unknown path or with an unsupported method."""
        if not isinstance(error, HTTPException):
            raise error
        self._refused.note(RejectReason.WRONG_METHOD if error.status_code == 405 else RejectReason.NO_SUCH_PATH)
        response = rejection.response(error.status_code)
        response.headers.update(error.headers or {})
        return response

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        """Read the raw body. Raises InvalidDelivery if it is too large; `serving.protocol` enforces the timeout."""
        most = self._settings.max_body_bytes
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value[:20]) > most:
                raise InvalidDelivery(Reason.BODY_TOO_LARGE, 413)
        body, more = bytearray(), True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            part, more = bytes(message.get("body", b"")), message.get("more_body", False)
            if len(body) + len(part) > most:
                raise InvalidDelivery(Reason.BODY_TOO_LARGE, 413)
            if not body and not more:
                return part
            body += part
        return bytes(body)


def new_event(delivery: Delivery, event: Event) -> NewEvent:
    """The row to insert for a delivery, with its initial status."""
    status, reason = _initial_status(event)
    return NewEvent(
        svix_id=delivery.svix_id,
        type=event.type,
        clerk_user_id=event.clerk_user_id,
        occurred_at=event.occurred_at,
        body=delivery.body,
        svix_timestamp=delivery.timestamp,
        svix_signature=delivery.signature,
        verified_by=delivery.verified_by,
        status=status,
        last_error=reason,
    )


def _initial_status(event: Event) -> tuple[str, str | None]:
    match event.meaning:
        case Ignored(why):
            return "ignored", why
        case Unreadable(why):
            return "parked", why
        case _:
            return "received", None
