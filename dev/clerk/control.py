"""The control API below /dev, for tests and `akako clerk`: what a person does in Clerk's dashboard, and more."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from dev.clerk import backend_api, endpoint, requests, signing_in
from dev.clerk.control_requests import ChangeEndpoint, Claims, NewFault, Rotate, Seconds, SignIn
from dev.clerk.errors import invalid, not_found
from dev.clerk.faults import KINDS, Fault
from dev.clerk.frontend_api import remember
from dev.clerk.instance import Instance
from dev.clerk.message import Message
from dev.clerk.operation import query_of
from dev.clerk.user import JSON
from dev.local_servers import new_secret

Handler = Callable[[Instance, Request, bytes], Any]
NEWEST = 50


def routes(instance: Instance) -> list[BaseRoute]:
    """The routes of the control API."""
    own = [Route(path, _endpoint(instance, handler), methods=[method]) for method, path, handler in _OPERATIONS]
    return [*own, *backend_api.control_routes(instance)]


def _endpoint(instance: Instance, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        found = handler(instance, request, await request.body())
        return found if isinstance(found, Response) else JSONResponse(found)

    return answer


def set_fault(instance: Instance, wanted: NewFault) -> Fault:
    """Set a fault. Raises ClerkError (422) for an unknown kind."""
    if wanted.kind not in KINDS:
        raise invalid("kind", "form_param_value_invalid", f"kind is one of {', '.join(KINDS)}.")
    fields = wanted.model_dump() | {"times": wanted.times or None}
    return instance.set_fault(Fault(id="", **fields))


def redeliver(instance: Instance, svix_id: str) -> Message:
    """Deliver a message again. Raises ClerkError (404)."""
    message = instance.sender.redeliver(svix_id)
    if message is None:
        raise not_found("delivery", svix_id)
    return message


def newest_first(instance: Instance, limit: int) -> list[Message]:
    """The newest messages."""
    return list(reversed(instance.state.messages.values()))[:limit]


def _status(instance: Instance, _: Request, __: bytes) -> JSON:
    state, clock = instance.state, instance.sender.clock
    return {
        "instance_id": state.instance_id,
        "environment_type": state.environment,
        "secret_key": state.secret_key,
        "issuer": instance.signer.settings["CLERK_ISSUER"],
        "users": len(state.users),
        "sessions": len(state.sessions),
        "deliveries": len(state.messages),
        "faults": len(instance.faults.all()),
        "endpoint": _shown(instance),
        "schedule": {"ahead_seconds": round(clock.offset), "speed": clock.speed},
        "claims_template": state.claims_template,
    }


def _shown(instance: Instance) -> JSON:
    at = instance.state.endpoint
    return {"url": at.url, "disabled": at.disabled, "live_secrets": len(at.live(instance.sender.clock.now()))}


def _sign_in(instance: Instance, _: Request, body: bytes) -> Response:
    wanted = requests.parse(SignIn, body)
    actor = {"sub": wanted.actor} if wanted.actor else None
    session = signing_in.sign_in(instance, wanted.user_id, actor=actor)
    answer = {"session_id": session.id, "user_id": session.user_id, "jwt": signing_in.token(instance, session.id)}
    return remember(JSONResponse(answer), session)


def _list_faults(instance: Instance, _: Request, __: bytes) -> JSON:
    return {"faults": [asdict(each) for each in instance.faults.all()], "kinds": KINDS}


def _set_fault(instance: Instance, _: Request, body: bytes) -> JSON:
    return asdict(set_fault(instance, requests.parse(NewFault, body)))


def _clear_faults(instance: Instance, request: Request, _: bytes) -> JSON:
    wanted = request.path_params.get("fault_id")
    cleared = instance.faults.clear(wanted)
    if wanted and not cleared:
        raise not_found("fault", wanted)
    return {"cleared": cleared}


def _list_deliveries(instance: Instance, request: Request, _: bytes) -> JSON:
    limit = query_of(request).number("limit", NEWEST) or NEWEST
    listed = newest_first(instance, limit)
    return {"deliveries": [_delivery(each, instance) for each in listed], "total": len(instance.state.messages)}


def _delivery(message: Message, instance: Instance) -> JSON:
    shown = asdict(message)
    due = shown.pop("due")
    return shown | {"due_in_seconds": None if due is None else round(due - instance.sender.clock.now(), 1)}


def _redeliver(instance: Instance, request: Request, _: bytes) -> JSON:
    return _delivery(redeliver(instance, request.path_params["svix_id"]), instance)


def _recover(instance: Instance, _: Request, __: bytes) -> JSON:
    return {"redelivered": instance.sender.recover()}


def _advance(instance: Instance, _: Request, body: bytes) -> JSON:
    instance.sender.advance(requests.parse(Seconds, body).seconds)
    instance.save()
    return {"ahead_seconds": round(instance.sender.clock.offset), "due": len(instance.sender.due())}


def _change_endpoint(instance: Instance, _: Request, body: bytes) -> JSON:
    wanted = requests.parse(ChangeEndpoint, body)
    if wanted.url is not None:
        instance.state.endpoint = replace(instance.state.endpoint, url=wanted.url or None)
    if wanted.disabled is not None:
        disabled = replace(instance.state.endpoint, disabled=True)
        instance.state.endpoint = disabled if wanted.disabled else endpoint.enabled(instance.state.endpoint)
    if wanted.speed is not None:
        instance.sender.clock.accelerate(wanted.speed)
    instance.save()
    return _shown(instance)


def _rotate(instance: Instance, _: Request, body: bytes) -> JSON:
    wanted = requests.parse(Rotate, body)
    secret, now = wanted.secret or new_secret(), instance.sender.clock.now()
    instance.state.endpoint = endpoint.rotated(instance.state.endpoint, secret, now, wanted.overlap_seconds)
    instance.save()
    return {"secret": secret, "secrets": instance.state.endpoint.live(now)}


def _set_claims(instance: Instance, _: Request, body: bytes) -> JSON:
    instance.state.claims_template = requests.parse(Claims, body).template
    instance.save()
    return instance.state.claims_template


_OPERATIONS: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/dev/status", _status),
    ("POST", "/dev/sign-in", _sign_in),
    ("GET", "/dev/faults", _list_faults),
    ("POST", "/dev/faults", _set_fault),
    ("DELETE", "/dev/faults", _clear_faults),
    ("DELETE", "/dev/faults/{fault_id}", _clear_faults),
    ("GET", "/dev/deliveries", _list_deliveries),
    ("POST", "/dev/deliveries/recover", _recover),
    ("POST", "/dev/deliveries/{svix_id}/redeliver", _redeliver),
    ("POST", "/dev/advance", _advance),
    ("PATCH", "/dev/endpoint", _change_endpoint),
    ("POST", "/dev/endpoint/rotate", _rotate),
    ("PUT", "/dev/claims", _set_claims),
)
