"""The part of Clerk's Frontend API that ClerkJS needs to load, to renew tokens and to sign out.

The cookie `__client` identifies the browser, as at Clerk; the control API and the page set it. Pages of this machine,
on any port, may ask with cookies; others may not.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dev.clerk import signing_in
from dev.clerk.errors import ClerkError
from dev.clerk.instance import Instance
from dev.clerk.local_only import is_own_name
from dev.clerk.session import ABANDONED_MS, Session
from dev.clerk.user import JSON
from dev.clerk_instance import PARTY
from dev.sample_events import new_id

COOKIE = "__client"
COOKIE_SECONDS = 365 * 86_400
_PRIVATE = ("private_metadata", "banned", "locked", "deprovisioned")
Handler = Callable[[Instance, Request], Any]


def routes(instance: Instance) -> list[Route]:
    """The routes of the Frontend API."""
    return [
        Route(path, _endpoint(instance, handler), methods=[method, "OPTIONS"]) for method, path, handler in _OPERATIONS
    ]


def remember(response: Response, session: Session) -> Response:
    """Make the response sign this browser in."""
    response.set_cookie(COOKIE, session.client_id, COOKIE_SECONDS, httponly=True, samesite="lax")
    return response


def signed_in(instance: Instance, request: Request) -> list[Session]:
    """The active sessions of this browser."""
    client, now = request.cookies.get(COOKIE), instance.now()
    return [each for each in instance.state.sessions.values() if each.client_id == client and each.is_active(now)]


def _endpoint(instance: Instance, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(None, 204, _cors(request))
        try:
            return JSONResponse(handler(instance, request), headers=_cors(request))
        except ClerkError as error:
            return JSONResponse(error.body, error.status, _cors(request))

    return answer


def _cors(request: Request) -> dict[str, str]:
    """Permission for pages of this machine to read the answer, and to send cookies."""
    origin = request.headers.get("origin", "")
    scheme, _, host = origin.partition("://")
    if scheme not in ("http", "https") or not is_own_name(host):
        return {}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Allow-Methods": "GET, POST, DELETE, PATCH, OPTIONS",
        "Access-Control-Allow-Headers": "authorization, content-type",
        "Vary": "Origin",
    }


def _environment(instance: Instance, request: Request) -> JSON:
    none = {"enabled": False}
    return {
        "object": "environment",
        "id": "env_akako",
        "auth_config": {"object": "auth_config", "id": "aconf_akako", "single_session_mode": True, "claimed_at": None},
        "display_config": {
            "object": "display_config",
            "id": "display_config_akako",
            "instance_environment_type": instance.state.environment,
            "application_name": "Akako",
            "preferred_sign_in_strategy": "password",
            "theme": {},
            "branded": False,
            "home_url": PARTY,
            "sign_in_url": f"{request.base_url}sign-in",
            "sign_up_url": f"{request.base_url}sign-in",
        },
        "user_settings": {
            **{name: {} for name in ("attributes", "actions", "social", "sign_in", "sign_up")},
            **{name: {} for name in ("password_settings", "passkey_settings")},
            "saml": none,
            "enterprise_sso": none,
        },
        "organization_settings": {**none, "actions": {}, "domains": none},
        "commerce_settings": {"billing": {}},
        "maintenance_mode": False,
    }


def _client(instance: Instance, request: Request) -> JSON:
    sessions = signed_in(instance, request)
    created = min((each.created_at for each in sessions), default=instance.now())
    return {
        "object": "client",
        "id": request.cookies.get(COOKIE) or new_id("client"),
        "sessions": [_session(instance, each, request) for each in sessions],
        "sign_in": None,
        "sign_up": None,
        "last_active_session_id": sessions[-1].id if sessions else None,
        "cookie_expires_at": None,
        "created_at": created,
        "updated_at": max((each.updated_at for each in sessions), default=created),
    }


def _session(instance: Instance, session: Session, request: Request) -> JSON:
    user = {key: value for key, value in instance.user(session.user_id).as_json.items() if key not in _PRIVATE}
    return session.as_json | {
        "abandon_at": session.created_at + ABANDONED_MS,
        "factor_verification_age": [0, -1],
        "user": user | {"organization_memberships": []},
        "public_user_data": {name: user[name] for name in ("first_name", "last_name", "image_url", "has_image")}
        | {"identifier": user["username"] or "", "user_id": user["id"]},
        "last_active_token": {"object": "token", "jwt": _jwt(instance, session, request)},
    }


def _jwt(instance: Instance, session: Session, request: Request) -> str:
    return signing_in.token(instance, session.id, party=request.headers.get("origin") or PARTY)


def _own(instance: Instance, request: Request) -> Session:
    """The session of the path. Raises ClerkError (401) unless this browser has it."""
    wanted = request.path_params["session_id"]
    found = next((each for each in signed_in(instance, request) if each.id == wanted), None)
    if found is None:
        raise ClerkError(401, "signed_out", "Signed out", "You are signed out")
    return found


def _get_client(instance: Instance, request: Request) -> JSON:
    return {"response": _client(instance, request), "client": None}


def _token(instance: Instance, request: Request) -> JSON:
    return {"object": "token", "jwt": _jwt(instance, _own(instance, request), request)}


def _touch(instance: Instance, request: Request) -> JSON:
    session = _own(instance, request)
    return {"response": _session(instance, session, request), "client": _client(instance, request)}


def _sign_out(instance: Instance, request: Request) -> JSON:
    """End one session of this browser, or all."""
    only = request.path_params.get("session_id")
    for session in signed_in(instance, request):
        if only in (None, session.id):
            signing_in.end(instance, session.id, "removed")
    client = _client(instance, request)
    return {"response": client, "client": client}


def _dev_browser(_: Instance, __: Request) -> JSON:
    browser = new_id("dvb")
    return {"id": browser, "token": browser}


def _keys(instance: Instance, _: Request) -> JSON:
    return signing_in.key_set(instance)


_OPERATIONS: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/v1/environment", _environment),
    ("POST", "/v1/environment", _environment),
    ("GET", "/v1/client", _get_client),
    ("POST", "/v1/dev_browser", _dev_browser),
    ("POST", "/v1/client/sessions", _sign_out),
    ("DELETE", "/v1/client/sessions", _sign_out),
    ("POST", "/v1/client/sessions/{session_id}/remove", _sign_out),
    ("POST", "/v1/client/sessions/{session_id}/tokens", _token),
    ("POST", "/v1/client/sessions/{session_id}/tokens/{template}", _token),
    ("POST", "/v1/client/sessions/{session_id}/touch", _touch),
    ("GET", "/.well-known/jwks.json", _keys),
)
