"""The operations on sessions and tokens."""

from dataclasses import replace

from starlette.requests import Request

from dev.clerk import requests, signing_in, user_search
from dev.clerk.errors import invalid
from dev.clerk.instance import Instance
from dev.clerk.operation import Answer, Operation, query_of


def _list_sessions(instance: Instance, request: Request, _: bytes) -> Answer:
    wanted = {name: request.query_params.get(name) for name in ("user_id", "client_id", "status")}
    found = sorted(instance.state.sessions.values(), key=lambda each: each.created_at, reverse=True)
    limit = query_of(request).number("limit", user_search.LIMIT, 1)
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
    ("GET", "/sessions"): _list_sessions,
    ("POST", "/sessions"): _create_session,
    ("GET", "/sessions/{session_id}"): _get_session,
    ("POST", "/sessions/{session_id}/revoke"): _revoke_session,
    ("POST", "/sessions/{session_id}/tokens"): _create_token,
    ("POST", "/actor_tokens"): _create_actor_token,
}
