"""Sessions and tokens of the development Clerk: claims, renewal, sign-out, impersonation."""

from typing import Any

import jwt
import pytest

from dev.clerk import claims
from dev.clerk.user import User
from dev.clerk_instance import ISSUER
from tests.dev.clerk.api import Api, Refused


def decoded(api: Api, token: str) -> dict[str, Any]:
    """The claims of a token whose signature is verified with the published key."""
    keys = jwt.PyJWKSet.from_dict(api.client.get("/.well-known/jwks.json").json())
    header = jwt.get_unverified_header(token)
    found: dict[str, Any] = jwt.decode(token, keys[header["kid"]], ["RS256"], options={"verify_aud": False})
    return found


def token_of(api: Api, user_id: str) -> str:
    session = api("POST", "/sessions", {"user_id": user_id})
    token: str = api("POST", f"/sessions/{session['id']}/tokens", {})["jwt"]
    return token


def test_a_token_is_signed_with_the_instances_key_and_has_clerks_claims(api: Api) -> None:
    ada = api.user(public_metadata={"roles": ["MENTOR"]})

    token = token_of(api, ada["id"])

    found = decoded(api, token)
    assert jwt.get_unverified_header(token)["kid"] == api.instance.state.instance_id
    assert (found["sub"], found["iss"], found["sts"], found["v"]) == (ada["id"], ISSUER, "active", 2)
    assert (found["roles"], found["exp"] - found["iat"]) == (["MENTOR"], 60)


def test_each_token_has_the_claims_of_its_time(api: Api) -> None:
    ada = api.user()
    before = decoded(api, token_of(api, ada["id"]))

    api("PATCH", f"/users/{ada['id']}/metadata", {"public_metadata": {"roles": ["ADMIN"]}})

    assert before["roles"] is None
    assert decoded(api, token_of(api, ada["id"]))["roles"] == ["ADMIN"]


def test_a_session_that_was_revoked_gets_no_token(api: Api) -> None:
    ada = api.user()
    session = api("POST", "/sessions", {"user_id": ada["id"]})["id"]
    api("POST", f"/sessions/{session}/revoke")

    with pytest.raises(Refused) as caught:
        api("POST", f"/sessions/{session}/tokens", {})

    assert (caught.value.status, caught.value.code) == (401, "session_not_active")
    assert [each["status"] for each in api("GET", f"/sessions?user_id={ada['id']}")] == ["revoked"]
    assert api("GET", "/sessions?status=active") == []


@pytest.mark.parametrize("change", ["ban", "delete"])
def test_a_banned_or_deleted_user_cannot_sign_in(api: Api, change: str) -> None:
    ada = api.user()
    method, path = ("POST", f"/users/{ada['id']}/ban") if change == "ban" else ("DELETE", f"/users/{ada['id']}")
    api(method, path)

    with pytest.raises(Refused) as caught:
        api("POST", "/sessions", {"user_id": ada["id"]})

    assert caught.value.status == (403 if change == "ban" else 404)


def test_an_impersonation_names_the_actor(api: Api) -> None:
    ada, grace = api.user(), api.user("grace@example.com")

    token = api("POST", "/actor_tokens", {"user_id": ada["id"], "actor": {"sub": grace["id"]}})["token"]

    found = decoded(api, token)
    assert (found["sub"], found["act"]) == (ada["id"], {"sub": grace["id"]})


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ({"roles": "{{user.public_metadata.roles}}"}, {"roles": ["MENTOR"]}),
        ({"mail": "{{ user.primary_email_address }}"}, {"mail": None}),
        ({"a": {"name": "{{user.first_name}} {{user.last_name}}!"}}, {"a": {"name": "Ada !"}}),
        ({"full": "{{user.full_name}}", "n": 1, "l": ["{{user.id}}"]}, {"full": "Ada", "n": 1, "l": ["user_1"]}),
        ({"deep": "{{user.public_metadata.roles.0.x}}"}, {"deep": None}),
        ({"secret": "{{user.private_metadata.note}}"}, {"secret": None}),
    ],
)
def test_a_template_is_filled_with_the_users_values(template: dict[str, Any], expected: dict[str, Any]) -> None:
    metadata = {"roles": ["MENTOR"]}
    user = User(id="user_1", created_at=1, updated_at=1, first_name="Ada", public_metadata=metadata)

    assert claims.fill(template, user) == expected
