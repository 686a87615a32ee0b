"""The recipe of the door: verify, keep, answer. The nudge follows the commit by itself."""

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from clerk import events
from clerk.events import Event, Ignored, Unreadable
from clerk.signature import Delivery, InvalidDelivery, Reason, SigningSecrets
from config.rate_limited_log import RateLimitedLog
from config.settings import ReceiverSettings
from db.events import NewEvent
from serving import rejection
from serving.fixed_response import FixedResponse
from serving.rejection import RejectReason
from webhooks.intake import Intake
from webhooks.outcome import Outcome, StorageUnavailable

KEPT = {outcome: FixedResponse(JSONResponse({"status": outcome.value}, 202)) for outcome in Outcome}
UNAVAILABLE = FixedResponse(JSONResponse({"error": "unavailable"}, 503, {"Retry-After": "5"}))
# Constant, so that a stranger learns nothing; the reason is in our log.
REFUSED = {status: FixedResponse(rejection.response(status)) for status in (400, 401, 408, 413)}


class Receiver:
    """Takes deliveries. Everything it needs is given to it."""

    def __init__(
        self,
        settings: ReceiverSettings,
        signing_secrets: SigningSecrets,
        intake: Intake,
        refused: RateLimitedLog,
        not_kept: RateLimitedLog,
    ) -> None:
        self._settings = settings
        self._seals = signing_secrets
        self._intake = intake
        self._refused = refused
        self._not_kept = not_kept

    # The bare interface, not a Request: wrapping one costs about a tenth of all that a delivery costs.
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        answer = await self.receive(scope, receive)
        await answer(scope, send)

    async def receive(self, scope: Scope, receive: Receive) -> FixedResponse:
        """202 once the delivery is on disk; 4xx if it is not Clerk's; 503 if it cannot be kept now."""
        try:
            delivery = self._seals.open(scope["headers"], await self._body(scope, receive))
            outcome = await self._intake.keep(kept(delivery, events.read(delivery.body)))
        except InvalidDelivery as refused:
            self._refused.note(refused.reason)
            return REFUSED[refused.status]
        except StorageUnavailable as unavailable:
            self._not_kept.note(unavailable.reason, **unavailable.said)
            return UNAVAILABLE
        except ClientDisconnect:
            self._refused.note(RejectReason.SENDER_LEFT)
            return REFUSED[400]
        return KEPT[outcome]

    async def turn_away(self, _: Request, error: Exception) -> Response:
        """Answer whoever asks for what is not here, or in a way that is not offered."""
        if not isinstance(error, HTTPException):
            raise error
        self._refused.note(RejectReason.WRONG_METHOD if error.status_code == 405 else RejectReason.NO_SUCH_PATH)
        answer = rejection.response(error.status_code)
        answer.headers.update(error.headers or {})
        return answer

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        """The raw bytes, if they are not too many; that they come in time is the protocol's care."""
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


def kept(delivery: Delivery, event: Event) -> NewEvent:
    """A delivery as it is stored, with what becomes of it."""
    status, why = _fate(event)
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
        last_error=why,
    )


def _fate(event: Event) -> tuple[str, str | None]:
    match event.meaning:
        case Ignored(why):
            return "ignored", why
        case Unreadable(why):
            return "parked", why
        case _:
            return "received", None
