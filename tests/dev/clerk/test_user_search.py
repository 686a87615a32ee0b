"""`GET /users` and `/users/count` of the development Clerk: filters, orderings, offsets and the cursor."""

from urllib.parse import urlencode

import pytest

from dev.clerk.user_search import ORDERINGS
from tests.dev.clerk.api import Api, Refused


@pytest.fixture
def people(api: Api) -> dict[str, str]:
    """Three users by first name, oldest first: their ids."""
    ada = api.user(first_name="Ada", last_name="Zola", username="ada_z", external_id="1")
    ben = api.user("ben@example.org", first_name="Ben", username="ben_b", external_id="2")
    cleo = api.user("cleo@example.com", first_name="Cleo", last_name="Young")
    api("PATCH", f"/users/{ada['id']}", {"locale": "de-DE"})
    api("POST", f"/users/{ben['id']}/ban")
    api("POST", "/sessions", {"user_id": cleo["id"]})
    return {each["first_name"]: each["id"] for each in (ada, ben, cleo)}


def found(api: Api, **query: str | list[str]) -> list[str]:
    """First names of the page, in order."""
    return [each["first_name"] for each in api("GET", f"/users?{urlencode(query, doseq=True)}")]


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("-created_at", "Cleo Ben Ada"),
        ("+created_at", "Ada Ben Cleo"),
        ("created_at", "Ada Ben Cleo"),
        ("-updated_at", "Cleo Ben Ada"),
        ("email_address", "Ada Ben Cleo"),
        ("-first_name", "Cleo Ben Ada"),
        ("+last_name", "Cleo Ada Ben"),
        ("-username", "Ben Ada Cleo"),
        ("last_sign_in_at", "Cleo"),
        ("-last_active_at", "Cleo"),
    ],
)
def test_users_are_ordered(api: Api, people: dict[str, str], order: str, names: str) -> None:
    expected = names.split()

    assert found(api, order_by=order)[: len(expected)] == expected


@pytest.mark.parametrize("ordering", ORDERINGS)
@pytest.mark.parametrize("sign", ["", "+", "-"])
def test_every_documented_ordering_is_accepted(api: Api, people: dict[str, str], ordering: str, sign: str) -> None:
    assert sorted(found(api, order_by=sign + ordering)) == ["Ada", "Ben", "Cleo"]


def test_by_default_the_newest_come_first_and_ten_at_most(api: Api) -> None:
    for number in range(12):
        api.user(f"u{number}@example.com", first_name=str(number))

    assert found(api) == [str(number) for number in range(11, 1, -1)]
    assert len(found(api, limit="500")) == 12
    assert len(found(api, limit="501")) == 10


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"email_address": ["ADA@example.com", "ben@example.org", "x@example.com"]}, {"Ada", "Ben"}),
        ({"email_address[]": "ada@example.com"}, {"Ada"}),
        ({"username": "BEN_B"}, {"Ben"}),
        ({"external_id": ["+1", "2", "3"]}, {"Ada", "Ben"}),
        ({"external_id": "-1"}, {"Ben", "Cleo"}),
        ({"query": "ZOL"}, {"Ada"}),
        ({"query": "example.com"}, {"Ada", "Cleo"}),
        ({"email_address_query": "EXAMPLE.ORG"}, {"Ben"}),
        ({"username_query": "_z"}, {"Ada"}),
        ({"name_query": "ada zola"}, {"Ada"}),
        ({"banned": "true"}, {"Ben"}),
        ({"banned": "false"}, {"Ada", "Cleo"}),
        ({"last_sign_in_at_after": "0"}, {"Cleo"}),
        ({"last_active_at_since": "0"}, {"Cleo"}),
        ({"last_active_at_before": "1"}, set()),
        ({"created_at_after": "1700000000001"}, {"Ben", "Cleo"}),
        ({"created_at_before": "1700000000002"}, {"Ada"}),
        ({"phone_number": "+491234"}, set()),
    ],
)
def test_users_and_their_count_are_filtered(
    api: Api, people: dict[str, str], query: dict[str, str | list[str]], names: set[str]
) -> None:
    count = api("GET", f"/users/count?{urlencode(query, doseq=True)}")

    assert set(found(api, **query)) == names
    assert count["total_count"] == len(names)


def test_unknown_ids_are_left_out_and_a_minus_excludes(api: Api, people: dict[str, str]) -> None:
    assert set(found(api, user_id=[people["Ada"], f"+{people['Cleo']}", "user_gone"])) == {"Ada", "Cleo"}
    assert set(found(api, user_id=f"-{people['Ada']}")) == {"Ben", "Cleo"}


@pytest.mark.parametrize("order", ["+created_at", "-created_at"])
def test_the_cursor_walks_over_all_users_once_while_they_are_deleted(api: Api, order: str) -> None:
    for number in range(5):
        api.user(f"u{number}@example.com")
    seen: list[str] = []
    query = {"limit": "2", "order_by": order}

    while page := api("GET", f"/users?{urlencode(query)}"):
        seen += [each["id"] for each in page]
        query["starting_after"] = page[-1]["id"]
        if len(seen) == 4:
            api("DELETE", f"/users/{page[0]['id']}")

    assert len(set(seen)) == len(seen) == 5


@pytest.mark.parametrize(
    "query",
    [
        {"order_by": "-updated_at", "starting_after": "{Ada}"},
        {"order_by": "username", "starting_after": "{Ada}"},
        {"offset": "1", "starting_after": "{Ada}"},
        {"starting_after": "user_gone"},
        {"order_by": "password"},
        {"limit": "0"},
        {"limit": "many"},
        {"offset": "-1"},
        {"banned": "perhaps"},
        {"user_id": [str(number) for number in range(101)]},
    ],
)
def test_a_query_that_clerk_refuses_is_422(api: Api, people: dict[str, str], query: dict[str, str | list[str]]) -> None:
    filled = {name: value.format(**people) if isinstance(value, str) else value for name, value in query.items()}

    with pytest.raises(Refused) as caught:
        found(api, **filled)

    assert caught.value.status == 422
