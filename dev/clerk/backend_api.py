"""Clerk's Backend API, below /v1: users, e-mail addresses, sessions, the instance and its keys."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dev.clerk import changes, passwords, requests, signing_in, user_search
from dev.clerk.errors import ClerkError, invalid, not_found, rate_limited, unauthenticated
from dev.clerk.faults import API
from dev.clerk.instance import Instance
from dev.clerk.user import Email, User
from dev.clerk.user_search import Query

Answer = dict[str, Any] | list[dict[str, Any]]
Operation = Callable[[Instance, Request, bytes], Answer]


def routes(instance: Instance) -> list[Route]:
    """The routes of the Backend API."""
    return [
        Route(f"/v1{path}", _endpoint(instance, operation), methods=[method])
        for (method, path), operation in OPERATIONS.items()
    ]


def control_routes(instance: Instance) -> list[Route]:
    """The same operations for the page and for commands: without a key, limits and faults."""
    return [
        Route(f"/dev/api{path}", _endpoint(instance, operation, authenticates=False), methods=[method])
        for (method, path), operation in OPERATIONS.items()
    ]


def _endpoint(
    instance: Instance, operation: Operation, *, authenticates: bool = True
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        if authenticates:
            _authenticate(instance, request)
        return JSONResponse(operation(instance, request, await request.body()))

    return answer


def _authenticate(instance: Instance, request: Request) -> None:
    """Raise ClerkError unless the request has the secret key and is within the limits."""
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not hmac.compare_digest(key.encode(), instance.state.secret_key.encode()):
        raise unauthenticated(bool(key))
    if seconds := instance.rate_limit.wait("key", instance.limits.requests):
        raise rate_limited(seconds)


def _changing(instance: Instance, request: Request) -> User:
    """The user of the path, to change it. Raises ClerkError (404, or 429 if it was changed too often)."""
    user_id = request.path_params["user_id"]
    user = instance.user(user_id)
    is_limited = request.url.path.startswith(API)
    if is_limited and (seconds := instance.rate_limit.wait(user_id, instance.limits.changes)):
        raise rate_limited(seconds)
    return user


def _query(request: Request) -> Query:
    return Query(request.query_params.multi_items())


def _list_users(instance: Instance, request: Request, _: bytes) -> Answer:
    query = _query(request)
    if (after := query.one("starting_after")) is not None and instance.faults.take(
        ("vanished-cursor",), request.url.path
    ):
        raise user_search.vanished_cursor(after)
    return [user.as_json for user in user_search.find(instance.readable(request.url.path), query)]


def _count_users(instance: Instance, request: Request, _: bytes) -> Answer:
    total = user_search.count(instance.readable(request.url.path), _query(request))
    return {"object": "total_count", "total_count": total}


def _create_user(instance: Instance, _: Request, body: bytes) -> Answer:
    return instance.create(requests.parse(requests.CreateUser, body)).as_json


def _get_user(instance: Instance, request: Request, _: bytes) -> Answer:
    user_id = request.path_params["user_id"]
    found = instance.readable(request.url.path).get(user_id)
    if found is None:
        raise not_found("user", user_id)
    return found.as_json


def _update_user(instance: Instance, request: Request, body: bytes) -> Answer:
    user, wanted = _changing(instance, request), requests.parse(requests.UpdateUser, body)
    changed = changes.update(instance.state.users, user, wanted, instance.now())
    if wanted.sign_out_of_other_sessions and wanted.password:
        instance.end_sessions(user.id, "revoked")
    return instance.put(changed).as_json


def _delete_user(instance: Instance, request: Request, _: bytes) -> Answer:
    return instance.delete(request.path_params["user_id"])


def _ban(banned: bool) -> Operation:
    return lambda instance, request, _: instance.set_banned(request.path_params["user_id"], banned).as_json


def _ban_many(banned: bool) -> Operation:
    def operation(instance: Instance, _: Request, body: bytes) -> Answer:
        ids = requests.parse(requests.UserIds, body).user_ids
        for user_id in ids:
            instance.user(user_id)
        return [instance.set_banned(user_id, banned).as_json for user_id in ids]

    return operation


def _merge_metadata(instance: Instance, request: Request, body: bytes) -> Answer:
    user, patch = _changing(instance, request), requests.parse(requests.UserMetadata, body)
    return instance.put(changes.merge_metadata(user, patch, instance.now())).as_json


def _replace_metadata(instance: Instance, request: Request, body: bytes) -> Answer:
    user, new = _changing(instance, request), requests.parse(requests.UserMetadata, body)
    return instance.put(changes.replace_metadata(user, new, instance.now())).as_json


def _verify_password(instance: Instance, request: Request, body: bytes) -> Answer:
    user, attempt = instance.user(request.path_params["user_id"]), requests.parse(requests.VerifyPassword, body)
    if user.password is None:
        raise ClerkError(400, "no_password_set", "This user does not have a password set for their account.")
    if not passwords.verify(user.password, attempt.password):
        raise invalid("password", "incorrect_password", "The password is incorrect.")
    return {"verified": True}


def _replace_email(instance: Instance, request: Request, body: bytes) -> Answer:
    user, new = _changing(instance, request), requests.parse(requests.ReplaceEmail, body)
    status, now = new.identification_status, instance.now()
    changed, email = changes.replace_email(instance.state.users, user, new.email_address, status, now)
    instance.put(changed)
    return email.as_json


def _create_email(instance: Instance, _: Request, body: bytes) -> Answer:
    new = requests.parse(requests.CreateEmail, body)
    user, status = instance.user(new.user_id), "verified" if new.verified else "unverified"
    primary, now = new.primary is True, instance.now()
    changed, email = changes.add_email(instance.state.users, user, new.email_address, status, primary, now)
    instance.put(changed)
    return email.as_json


def _delete_email(instance: Instance, request: Request, _: bytes) -> Answer:
    user, email = _holder(instance, request.path_params["email_id"])
    instance.put(changes.remove_email(user, email.id, instance.now()))
    return {"object": "email_address", "id": email.id, "deleted": True}


def _holder(instance: Instance, email_id: str) -> tuple[User, Email]:
    for user in instance.state.users.values():
        for email in user.email_addresses:
            if email.id == email_id:
                return user, email
    raise not_found("email address", email_id)


def _get_instance(instance: Instance, request: Request, _: bytes) -> Answer:
    return {
        "object": "instance",
        "id": instance.id_of(request.url.path),
        "environment_type": instance.state.environment,
        "allowed_origins": None,
        "workspace_id": None,
    }


def _get_jwks(instance: Instance, _: Request, __: bytes) -> Answer:
    return signing_in.key_set(instance)


def _list_sessions(instance: Instance, request: Request, _: bytes) -> Answer:
    wanted = {name: request.query_params.get(name) for name in ("user_id", "client_id", "status")}
    found = sorted(instance.state.sessions.values(), key=lambda each: each.created_at, reverse=True)
    limit = _query(request).number("limit", user_search.LIMIT, 1)
    matching = (each for each in found if all(getattr(each, name) == value for name, value in wanted.items() if value))
    return [each.as_json for each in matching][:limit]


def _create_session(instance: Instance, _: Request, body: bytes) -> Answer:
    return signing_in.sign_in(instance, requests.parse(requests.CreateSession, body).user_id).as_json


def _get_session(instance: Instance, request: Request, _: bytes) -> Answer:
    return signing_in.find(instance, request.path_params["session_id"]).as_json


def _revoke_session(instance: Instance, request: Request, _: bytes) -> Answer:
    return signing_in.end(instance, request.path_params["session_id"], "revoked").as_json


def _create_token(instance: Instance, request: Request, body: bytes) -> Answer:
    seconds = requests.parse(requests.CreateToken, body).expires_in_seconds
    return {"object": "token", "jwt": signing_in.token(instance, request.path_params["session_id"], seconds)}


def _create_actor_token(instance: Instance, _: Request, body: bytes) -> Answer:
    """The session starts at once: there is no page on which the token would be accepted."""
    wanted = requests.parse(requests.CreateActorToken, body)
    if not isinstance(wanted.actor.get("sub"), str):
        raise invalid("actor", "form_param_missing", "actor.sub is missing.")
    session = signing_in.sign_in(instance, wanted.user_id, actor=wanted.actor)
    expires = session.created_at + wanted.session_max_duration_in_seconds * 1_000
    instance.state.sessions[session.id] = replace(session, expire_at=expires)
    return {
        "object": "actor_token",
        "id": session.id.replace("sess_", "act_"),
        "status": "accepted",
        "user_id": wanted.user_id,
        "actor": wanted.actor,
        "token": signing_in.token(instance, session.id),
        "created_at": session.created_at,
        "updated_at": session.updated_at,
    }


OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "/users"): _list_users,
    ("POST", "/users"): _create_user,
    ("GET", "/users/count"): _count_users,
    ("POST", "/users/ban"): _ban_many(True),
    ("POST", "/users/unban"): _ban_many(False),
    ("GET", "/users/{user_id}"): _get_user,
    ("PATCH", "/users/{user_id}"): _update_user,
    ("DELETE", "/users/{user_id}"): _delete_user,
    ("POST", "/users/{user_id}/ban"): _ban(True),
    ("POST", "/users/{user_id}/unban"): _ban(False),
    ("PATCH", "/users/{user_id}/metadata"): _merge_metadata,
    ("PUT", "/users/{user_id}/metadata"): _replace_metadata,
    ("POST", "/users/{user_id}/verify_password"): _verify_password,
    ("PUT", "/users/{user_id}/email_address"): _replace_email,
    ("POST", "/email_addresses"): _create_email,
    ("DELETE", "/email_addresses/{email_id}"): _delete_email,
    ("GET", "/instance"): _get_instance,
    ("GET", "/jwks"): _get_jwks,
    ("GET", "/sessions"): _list_sessions,
    ("POST", "/sessions"): _create_session,
    ("GET", "/sessions/{session_id}"): _get_session,
    ("POST", "/sessions/{session_id}/revoke"): _revoke_session,
    ("POST", "/sessions/{session_id}/tokens"): _create_token,
    ("POST", "/actor_tokens"): _create_actor_token,
}
"""Every operation of the Backend API that is emulated, by method and path."""
