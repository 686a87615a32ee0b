"""The page: a person sees users, deliveries and faults, and changes them by forms. Without scripts."""

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from dev.clerk import changes, control, emails, page_views, requests, signing_in
from dev.clerk.control_requests import NewFault
from dev.clerk.errors import ClerkError, invalid
from dev.clerk.frontend_api import remember
from dev.clerk.instance import Instance
from dev.clerk.local_only import is_own_name

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_SIGN_IN_POLICY = HEADERS["Content-Security-Policy"].replace(
    "form-action 'self'", "script-src 'self'; form-action 'self' http://localhost:* http://127.0.0.1:*"
)
"""Browsers apply `form-action` to the redirect that follows a form, too."""
Fields = dict[str, str]
Action = Callable[[Instance, Request, Fields], Response]


def routes(instance: Instance) -> list[Route]:
    """The routes of the page."""
    return [
        Route("/page.css", _style),
        Route("/", _shown(instance, lambda _: page_views.overview(instance))),
        Route("/sign-in", _sign_in_page(instance)),
        Route("/sign-in.js", _sign_in_script),
        Route("/users/{user_id}", _shown(instance, lambda path: _user_page(instance, path["user_id"]))),
        *[Route(path, _done(instance, action), methods=["POST"]) for path, action in _ACTIONS.items()],
    ]


async def _style(_: Request) -> Response:
    return Response(page_views.CSS, media_type="text/css")


def _shown(instance: Instance, view: Callable[[dict[str, Any]], str]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return HTMLResponse(view(request.path_params), headers=HEADERS)
        except ClerkError as error:
            return _refused(instance, error)

    return answer


def _done(instance: Instance, action: Action) -> Callable[[Request], Awaitable[Response]]:
    """Carry out an action with the fields of a form."""

    async def answer(request: Request) -> Response:
        text = (await request.body()).decode("utf-8", "replace")
        try:
            return action(instance, request, dict(parse_qsl(text, keep_blank_values=True)))
        except ClerkError as error:
            return _refused(instance, error)

    return answer


def _refused(instance: Instance, error: ClerkError) -> Response:
    text = f"{error.message} {error.long_message} ({error.code})"
    return HTMLResponse(page_views.overview(instance, text), error.status, HEADERS)


def _user_page(instance: Instance, user_id: str) -> str:
    return page_views.user_page(instance.user(user_id))


def _back(path: str = "/") -> Response:
    return RedirectResponse(path, 303)


def _create(instance: Instance, _: Request, fields: Fields) -> Response:
    given: dict[str, Any] = {name: value for name, value in fields.items() if value}
    if address := given.get("email_address"):
        given["email_address"] = [address]
    user = instance.create(requests.parse(requests.CreateUser, json.dumps(given).encode()))
    return _back(f"/users/{user.id}")


def _edit(instance: Instance, request: Request, fields: Fields) -> Response:
    """Several requests of the Backend API in one: attributes, metadata, and the e-mail address if it changed."""
    user = before = instance.user(request.path_params["user_id"])
    address = fields.pop("email_address", "").lower()
    metadata = _json(fields.pop("public_metadata", "{}"))
    wanted = requests.parse(requests.UpdateUser, json.dumps(fields).encode())
    user = changes.update(instance.state.users, user, wanted, instance.now())
    body = requests.parse(requests.UserMetadata, json.dumps({"public_metadata": metadata}).encode())
    user = changes.replace_metadata(user, body, instance.now())
    if address and address != before.primary_email:
        user, _ = emails.replace_all(instance.state.users, user, address, "verified", instance.now())
    instance.put(user)
    return _back(f"/users/{user.id}")


def _json(text: str) -> Any:
    try:
        return json.loads(text or "{}")
    except ValueError as error:
        raise invalid("public_metadata", "form_param_format_invalid", f"Not JSON: {error}.") from error


def _ban(banned: bool) -> Action:
    def action(instance: Instance, request: Request, _: Fields) -> Response:
        return _back(f"/users/{instance.set_banned(request.path_params['user_id'], banned).id}")

    return action


def _delete(instance: Instance, request: Request, _: Fields) -> Response:
    instance.delete(request.path_params["user_id"])
    return _back()


def _sign_in_page(instance: Instance) -> Callable[[Request], Awaitable[Response]]:
    """The page to which ClerkJS sends who is signed out, as to Clerk's Account Portal; it leads back afterwards."""

    async def answer(request: Request) -> Response:
        back = request.query_params.get("redirect_url", "")
        shown = page_views.sign_in_page(instance, back)
        return HTMLResponse(shown, headers=HEADERS | {"Content-Security-Policy": _SIGN_IN_POLICY})

    return answer


async def _sign_in_script(_: Request) -> Response:
    return Response(page_views.SIGN_IN_SCRIPT, media_type="text/javascript")


def _is_local(url: str) -> bool:
    """Whether the URL is one of a page of this machine."""
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and "@" not in parts.netloc and is_own_name(parts.netloc)


def _sign_in(instance: Instance, request: Request, fields: Fields) -> Response:
    session = signing_in.sign_in(instance, request.path_params["user_id"])
    if _is_local(fields.get("redirect_url", "")):
        return remember(RedirectResponse(fields["redirect_url"], 303), session)
    token = signing_in.token(instance, session.id)
    shown = page_views.user_page(instance.user(session.user_id), token=token)
    return remember(HTMLResponse(shown, headers=HEADERS), session)


def _redeliver(instance: Instance, request: Request, _: Fields) -> Response:
    control.redeliver(instance, request.path_params["svix_id"])
    return _back()


def _recover(instance: Instance, _: Request, __: Fields) -> Response:
    instance.sender.recover()
    return _back()


def _advance(instance: Instance, _: Request, fields: Fields) -> Response:
    instance.sender.advance(_number("seconds", fields.get("seconds", "")))
    instance.save()
    return _back()


def _set_fault(instance: Instance, _: Request, fields: Fields) -> Response:
    seconds = fields.get("seconds") or None
    control.set_fault(
        instance,
        NewFault(
            kind=fields.get("kind", ""),
            times=round(_number("times", fields.get("times") or "1")),
            seconds=None if seconds is None else _number("seconds", seconds),
        ),
    )
    return _back()


def _clear_faults(instance: Instance, _: Request, __: Fields) -> Response:
    instance.faults.clear()
    return _back()


def _number(name: str, text: str) -> float:
    """A number of at most nine digits, not negative. Raises ClerkError (422)."""
    if not re.fullmatch(r"\d{1,9}(\.\d+)?", text):
        raise invalid(name, "form_param_value_invalid", f"{name} must be a number.")
    return float(text)


_ACTIONS: dict[str, Action] = {
    "/users": _create,
    "/users/{user_id}": _edit,
    "/users/{user_id}/ban": _ban(True),
    "/users/{user_id}/unban": _ban(False),
    "/users/{user_id}/delete": _delete,
    "/users/{user_id}/sign-in": _sign_in,
    "/deliveries/recover": _recover,
    "/deliveries/{svix_id}/redeliver": _redeliver,
    "/advance": _advance,
    "/faults": _set_fault,
    "/faults/clear": _clear_faults,
}
