"""The operations on e-mail addresses."""

from starlette.requests import Request

from dev.clerk import emails, requests
from dev.clerk.errors import not_found
from dev.clerk.instance import Instance
from dev.clerk.operation import Answer, Operation, changing
from dev.clerk.user import Email, User


def _replace_email(instance: Instance, request: Request, body: bytes) -> Answer:
    user, new = changing(instance, request), requests.parse(requests.ReplaceEmail, body)
    status, now = new.identification_status, instance.now()
    changed, email = emails.replace_all(instance.state.users, user, new.email_address, status, now)
    instance.put(changed)
    return email.as_json


def _create_email(instance: Instance, _: Request, body: bytes) -> Answer:
    new = requests.parse(requests.CreateEmail, body)
    user, status = instance.user(new.user_id), "verified" if new.verified else "unverified"
    primary, now = new.primary is True, instance.now()
    changed, email = emails.add(instance.state.users, user, new.email_address, status, primary, now)
    instance.put(changed)
    return email.as_json


def _delete_email(instance: Instance, request: Request, _: bytes) -> Answer:
    user, email = _holder(instance, request.path_params["email_id"])
    instance.put(emails.remove(user, email.id, instance.now()))
    return {"object": "email_address", "id": email.id, "deleted": True}


def _holder(instance: Instance, email_id: str) -> tuple[User, Email]:
    for user in instance.state.users.values():
        for email in user.email_addresses:
            if email.id == email_id:
                return user, email
    raise not_found("email address", email_id)


def _get_email(instance: Instance, request: Request, _: bytes) -> Answer:
    return _holder(instance, request.path_params["email_id"])[1].as_json


def _update_email(instance: Instance, request: Request, body: bytes) -> Answer:
    user, email = _holder(instance, request.path_params["email_id"])
    wanted = requests.parse(requests.UpdateEmail, body)
    primary, verified = wanted.primary is True, wanted.verified is True
    changed = emails.update(instance.state.users, user, email, verified, primary, instance.now())
    instance.put(changed)
    return _holder(instance, email.id)[1].as_json


OPERATIONS: dict[tuple[str, str], Operation] = {
    ("PUT", "/users/{user_id}/email_address"): _replace_email,
    ("POST", "/email_addresses"): _create_email,
    ("DELETE", "/email_addresses/{email_id}"): _delete_email,
    ("GET", "/email_addresses/{email_id}"): _get_email,
    ("PATCH", "/email_addresses/{email_id}"): _update_email,
}
