"""The Backend API of the development Clerk: users, metadata, identifiers, limits."""

from typing import Any

import pytest

from dev.clerk.rate_limit import Limits
from tests.dev.clerk.api import Api, Refused


def refused(api: Api, method: str, path: str, body: Any = None) -> Refused:
    """The refusal of a request."""
    with pytest.raises(Refused) as caught:
        api(method, path, body)
    return caught.value


def test_a_user_is_created_read_changed_and_deleted(api: Api) -> None:
    ada = api.user(first_name="Ada", external_id="17", public_metadata={"roles": ["MENTOR"]})
    changed = api("PATCH", f"/users/{ada['id']}", {"first_name": "Augusta", "username": "Ada_L"})
    read = api("GET", f"/users/{ada['id']}")
    gone = api("DELETE", f"/users/{ada['id']}")

    assert read == changed
    assert (read["first_name"], read["username"], read["public_metadata"]) == (
        "Augusta",
        "ada_l",
        {"roles": ["MENTOR"]},
    )
    assert read["email_addresses"][0]["id"] == read["primary_email_address_id"]
    assert gone == {"object": "user", "id": ada["id"], "deleted": True, "external_id": "17"}
    assert refused(api, "GET", f"/users/{ada['id']}").code == "resource_not_found"


def test_each_change_has_a_newer_version_even_within_a_millisecond(api: Api) -> None:
    ada = api.user()
    api.clock.seconds -= 1

    changed = api("PATCH", f"/users/{ada['id']}", {"first_name": "Ada"})

    assert changed["updated_at"] == ada["updated_at"] + 1


@pytest.mark.parametrize("operation", ["ban", "unban"])
def test_a_ban_changes_the_flag_and_revokes_sessions(api: Api, operation: str) -> None:
    ada, ben = api.user(), api.user("ben@example.com")
    session = api("POST", "/sessions", {"user_id": ada["id"]})

    one = api("POST", f"/users/{ada['id']}/{operation}")
    many = api("POST", f"/users/{operation}", {"user_ids": [ada["id"], ben["id"]]})

    assert {each["banned"] for each in (one, *many)} == {operation == "ban"}
    expected = "revoked" if operation == "ban" else "active"
    assert api("GET", f"/sessions/{session['id']}")["status"] == expected


def test_metadata_is_merged_deeply_and_null_removes_a_key(api: Api) -> None:
    ada = api.user(public_metadata={"a": {"b": 1, "c": 2}, "list": [1, 2], "x": 1})

    merged = api("PATCH", f"/users/{ada['id']}/metadata", {"public_metadata": {"a": {"b": None, "d": 3}, "list": [3]}})
    replaced = api("PUT", f"/users/{ada['id']}/metadata", {"public_metadata": {"y": 1}})

    assert merged["public_metadata"] == {"a": {"c": 2, "d": 3}, "list": [3], "x": 1}
    assert replaced["public_metadata"] == {"y": 1}


def test_metadata_above_8_kb_is_refused(api: Api) -> None:
    ada = api.user()

    refusal = refused(api, "PATCH", f"/users/{ada['id']}/metadata", {"private_metadata": {"a": "x" * 8_200}})

    assert (refusal.status, refusal.param) == (422, "private_metadata")


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"email_address": ["ADA@example.com"]}, "form_identifier_exists", "email_address"),
        ({"username": "Lady_Ada"}, "form_identifier_exists", "username"),
        ({"username": "mrs_ada", "external_id": "17"}, "form_identifier_exists", "external_id"),
        ({"email_address": ["ada@school.test"]}, "form_param_format_invalid", "email_address"),
        ({"email_address": ["ada@localhost"]}, "form_param_format_invalid", "email_address"),
        ({"email_address": ["ada"]}, "form_param_format_invalid", "email_address"),
        ({"username": "ada"}, "form_username_invalid_length", "username"),
        ({"username": "ada@home"}, "form_username_invalid_character", "username"),
        ({"email_address": "ada@example.com"}, "form_param_type_invalid", "email_address"),
        ({"username": "mrs_ada", "role": "ADMIN"}, "form_param_unknown", "role"),
        ({}, "form_data_missing", "email_address"),
        ({"username": "mrs_ada", "password": "short"}, "form_password_length_too_short", "password"),
        ({"username": "mrs_ada", "password": "password1"}, "form_password_pwned", "password"),
        ({"username": "mrs_ada", "created_at": "yesterday"}, "form_param_format_invalid", "created_at"),
    ],
)
def test_a_user_that_clerk_would_not_accept_is_refused(api: Api, fields: dict[str, Any], code: str, param: str) -> None:
    api.user(username="lady_ada", external_id="17")

    refusal = refused(api, "POST", "/users", fields)

    assert (refusal.status, refusal.code, refusal.param) == (422, code, param)


def test_an_update_accepts_no_metadata(api: Api) -> None:
    ada = api.user()

    refusal = refused(api, "PATCH", f"/users/{ada['id']}", {"public_metadata": {}})

    assert (refusal.code, refusal.param) == ("form_param_unknown", "public_metadata")


def test_an_imported_user_keeps_the_time_of_creation_and_gets_a_new_version(api: Api) -> None:
    ada = api.user(created_at="2020-01-02T03:04:05.678Z")

    assert ada["created_at"] == 1_577_934_245_678
    assert ada["updated_at"] > ada["created_at"]


def test_a_reserved_address_is_unverified_and_taken(api: Api) -> None:
    ada = api.user(email_address_identification_status=["reserved"])

    assert ada["email_addresses"][0]["reserved"] is True
    assert ada["email_addresses"][0]["verification"] is None
    assert refused(api, "POST", "/users", {"email_address": ["ada@example.com"]}).code == "form_identifier_exists"


def test_addresses_are_added_made_primary_replaced_and_removed(api: Api) -> None:
    ada = api.user()
    second = api(
        "POST", "/email_addresses", {"user_id": ada["id"], "email_address": "ada2@example.com", "verified": True}
    )

    primary = api("PATCH", f"/users/{ada['id']}", {"primary_email_address_id": second["id"]})
    api("DELETE", f"/email_addresses/{second['id']}")
    left = api("GET", f"/users/{ada['id']}")
    only = api("PUT", f"/users/{ada['id']}/email_address", {"email_address": "ada3@example.com"})

    assert primary["primary_email_address_id"] == second["id"]
    assert left["primary_email_address_id"] == ada["primary_email_address_id"]
    assert [each["id"] for each in api("GET", f"/users/{ada['id']}")["email_addresses"]] == [only["id"]]


def test_an_unverified_address_cannot_be_primary(api: Api) -> None:
    ada = api.user()
    second = api("POST", "/email_addresses", {"user_id": ada["id"], "email_address": "ada2@example.com"})

    refusal = refused(api, "PATCH", f"/users/{ada['id']}", {"primary_email_address_id": second["id"]})

    assert refusal.code == "primary_email_address_not_verified"


def test_an_address_is_verified_once_no_other_user_has_it_and_then_made_primary(api: Api) -> None:
    ada, ben = api.user(), api.user("ben@example.com")
    wanted = {"user_id": ada["id"], "email_address": "shared@example.com"}
    mine = api("POST", "/email_addresses", wanted)
    other = api("POST", "/email_addresses", wanted | {"user_id": ben["id"]})

    changed = api("PATCH", f"/email_addresses/{mine['id']}", {"verified": True, "primary": True})

    assert changed["verification"]["status"] == "verified"
    assert api("GET", f"/email_addresses/{mine['id']}") == changed
    assert api("GET", f"/users/{ada['id']}")["primary_email_address_id"] == mine["id"]
    taken = refused(api, "PATCH", f"/email_addresses/{other['id']}", {"verified": True})
    assert taken.code == "form_identifier_exists"


def test_the_instance_and_its_keys_have_its_id(api: Api) -> None:
    instance, keys = api("GET", "/instance"), api("GET", "/jwks")

    assert (instance["id"], instance["environment_type"]) == (api.instance.state.instance_id, "development")
    assert [key["kid"] for key in keys["keys"]] == [instance["id"]]


@pytest.mark.parametrize(("key", "code"), [("", "authentication_invalid"), ("Bearer sk_test_x", "clerk_key_invalid")])
def test_a_request_without_the_secret_key_is_refused(api: Api, key: str, code: str) -> None:
    api.client.headers["Authorization"] = key

    refusal = refused(api, "GET", "/users")

    assert (refusal.status, refusal.code) == (401, code)


def test_the_quota_of_a_development_instance_is_kept() -> None:
    api = Api(Limits(users=1))
    api.user()

    refusal = refused(api, "POST", "/users", {"email_address": ["ben@example.com"]})

    assert (refusal.status, refusal.code) == (403, "user_quota_exceeded")


def test_too_many_requests_with_a_key_are_refused_until_the_time_of_retry_after() -> None:
    api = Api(Limits(requests=2))
    api("GET", "/users")
    api("GET", "/users")

    refusal = refused(api, "GET", "/users")
    api.clock.seconds += int(refusal.headers["Retry-After"])

    assert (refusal.status, refusal.headers["Retry-After"]) == (429, "10")
    assert api("GET", "/users") == []


def test_too_many_changes_of_one_user_are_refused_and_those_of_another_are_not() -> None:
    api = Api(Limits(changes=2))
    ada, ben = api.user(), api.user("ben@example.com")
    for number in range(2):
        api("PATCH", f"/users/{ada['id']}/metadata", {"public_metadata": {"n": number}})

    refusal = refused(api, "PATCH", f"/users/{ada['id']}", {"first_name": "Ada"})

    assert refusal.status == 429
    assert api("PATCH", f"/users/{ben['id']}", {"first_name": "Ben"})["first_name"] == "Ben"


def test_an_unknown_operation_is_404_in_the_envelope(api: Api) -> None:
    answer = api.client.get("/v1/organizations")

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "resource_not_found")


def test_a_body_that_is_not_json_is_refused(api: Api) -> None:
    answer = api.client.post("/v1/users", content="{")

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "request_body_invalid")


def test_the_link_to_webhooks_leads_to_the_page_of_the_instance(api: Api) -> None:
    link = api("POST", "/webhooks/svix_url")["svix_url"]

    assert link == "http://127.0.0.1/"
    assert api.instance.state.instance_id in api.client.get(link, headers={"Authorization": ""}).text
