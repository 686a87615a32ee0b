"""Whatever a client sends, the development Clerk answers: a result, or an error in Clerk's envelope."""

import json
from functools import cache
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dev.clerk.user_search import ORDERINGS
from tests.dev.clerk.api import Api, Refused

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
VALUES = st.recursive(SCALARS, lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=5), each))
NAMES = st.sampled_from(
    [
        *("email_address", "username", "password", "password_digest", "password_hasher", "public_metadata"),
        *("external_id", "first_name", "banned", "totp_secret", "created_at", "unknown"),
    ]
)
QUERIES = st.dictionaries(
    st.sampled_from(
        ["limit", "offset", "order_by", "starting_after", "user_id", "query", "banned", "created_at_after"]
    ),
    st.sampled_from([*ORDERINGS, "+created_at", "-1", "0", "1", "9" * 5_000, "true", "²", ""]) | st.text(max_size=5),
)


def is_answered(api: Api, method: str, path: str, body: Any = None) -> bool:
    """Whether there is an answer that the schema permits; the client re-raises errors of the application."""
    try:
        api(method, path, body)
    except Refused as refused:
        return 400 <= refused.status < 500
    return True


@cache
def shared() -> tuple[Api, str]:
    """An instance for all examples, with a user."""
    api = Api()
    return api, api.user()["id"]


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_any_body_is_answered(body: dict[str, Any]) -> None:
    (api, ada), text = shared(), json.dumps(body)

    for path in ("/users", f"/users/{ada}/metadata", f"/users/{ada}"):
        answer = api.client.request("POST" if path == "/users" else "PATCH", f"/v1{path}", content=text)
        assert answer.status_code == 200 or answer.json()["errors"][0]["code"]


@given(QUERIES)
def test_any_query_is_answered(query: dict[str, str]) -> None:
    api, _ = shared()

    assert is_answered(api, "GET", f"/users?{urlencode(query)}")
    assert is_answered(api, "GET", f"/users/count?{urlencode(query)}")


@pytest.mark.parametrize("depth", [1_000, 100_000])
def test_a_body_that_is_nested_deeply_is_refused_or_stored(depth: int) -> None:
    api = Api()
    ada = api.user()["id"]
    text = '{"public_metadata": ' + '{"a":' * depth + "1" + "}" * depth + "}"

    answer = api.client.patch(f"/v1/users/{ada}/metadata", content=text)

    assert answer.status_code in (400, 413, 422)


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e400"])
def test_a_number_that_json_cannot_express_is_refused(number: str) -> None:
    api = Api()
    metadata = f'"public_metadata": {{"score": [{number}]}}'
    created = api.client.post("/v1/users", content=f'{{"username": "lady_ada", {metadata}}}')
    changed = api.client.patch(f"/v1/users/{api.user()['id']}/metadata", content=f"{{{metadata}}}")

    for answer in (created, changed):
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "form_param_format_invalid")


@pytest.mark.parametrize("text", ["\ud800", "\0", "\u202e", "a" * 100_000])
def test_text_of_any_kind_is_stored_or_refused(text: str) -> None:
    api = Api()

    answer = api.client.post("/v1/users", content=json.dumps({"username": "lady_ada", "first_name": text}))

    assert answer.status_code in (200, 400, 422)
