"""The operations on users."""

from starlette.requests import Request

from dev.clerk import changes, passwords, requests, user_search
from dev.clerk.errors import ClerkError, invalid, not_found
from dev.clerk.instance import Instance
from dev.clerk.operation import Answer, Operation, changing, query_of
from dev.clerk.user import touch


def _list_users(instance: Instance, request: Request, _: bytes) -> Answer:
    query = query_of(request)
    if (after := query.one("starting_after")) is not None and instance.faults.take(
        ("vanished-cursor",), request.url.path
    ):
        raise user_search.vanished_cursor(after)
    return [user.as_json for user in user_search.find(instance.readable(request.url.path), query)]


def _count_users(instance: Instance, request: Request, _: bytes) -> Answer:
    total = user_search.count(instance.readable(request.url.path), query_of(request))
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
    user, wanted = changing(instance, request), requests.parse(requests.UpdateUser, body)
    changed = changes.update(instance.state.users, user, wanted, instance.now())
    if wanted.sign_out_of_other_sessions and wanted.password:
        instance.end_sessions(user.id, "revoked")
    return instance.put(changed).as_json


def _delete_user(instance: Instance, request: Request, _: bytes) -> Answer:
    return instance.delete(request.path_params["user_id"])


def _remove_app(instance: Instance, request: Request, _: bytes) -> Answer:
    user = changing(instance, request)
    if user.totp_enabled:
        instance.put(touch(user, instance.now(), totp_enabled=False))
    return {"user_id": user.id}


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
    user, patch = changing(instance, request), requests.parse(requests.UserMetadata, body)
    return instance.put(changes.merge_metadata(user, patch, instance.now())).as_json


def _replace_metadata(instance: Instance, request: Request, body: bytes) -> Answer:
    user, new = changing(instance, request), requests.parse(requests.UserMetadata, body)
    return instance.put(changes.replace_metadata(user, new, instance.now())).as_json


def _verify_password(instance: Instance, request: Request, body: bytes) -> Answer:
    user, attempt = instance.user(request.path_params["user_id"]), requests.parse(requests.VerifyPassword, body)
    if user.password is None:
        raise ClerkError(400, "no_password_set", "This user does not have a password set for their account.")
    if not passwords.verify(user.password, attempt.password):
        raise invalid("password", "incorrect_password", "The password is incorrect.")
    return {"verified": True}


OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "/users"): _list_users,
    ("POST", "/users"): _create_user,
    ("GET", "/users/count"): _count_users,
    ("POST", "/users/ban"): _ban_many(True),
    ("POST", "/users/unban"): _ban_many(False),
    ("GET", "/users/{user_id}"): _get_user,
    ("PATCH", "/users/{user_id}"): _update_user,
    ("DELETE", "/users/{user_id}"): _delete_user,
    ("DELETE", "/users/{user_id}/totp"): _remove_app,
    ("POST", "/users/{user_id}/ban"): _ban(True),
    ("POST", "/users/{user_id}/unban"): _ban(False),
    ("PATCH", "/users/{user_id}/metadata"): _merge_metadata,
    ("PUT", "/users/{user_id}/metadata"): _replace_metadata,
    ("POST", "/users/{user_id}/verify_password"): _verify_password,
}
