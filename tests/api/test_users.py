from datetime import timedelta

import pytest
from sqlalchemy import Engine

from akako_guard.role import Role
from tests import people
from tests.api.asking import Person, SignIn

USERS = "/api/admin/users"


@pytest.fixture
def some_users(engine: Engine, admin: Person) -> None:
    """Some users to search."""
    people.add(engine, "user_ada", email="Ada.L@example.com", first_name="Ada", last_name="Lovelace")
    people.add(engine, "user_bob", Role.MENTOR, username="bobby", first_name="Bob", last_name="Adams")
    people.add(engine, "user_eve", email="eve@example.com", first_name="Eve", banned=True)


def found(admin: Person, **query: object) -> list[str]:
    return [user["clerk_id"] for user in admin.get(USERS, **query).json()["items"]]


@pytest.mark.usefixtures("some_users")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"q": "ada"}, ["user_bob", "user_ada"]),
        ({"q": "ADA LOVE"}, ["user_ada"]),
        ({"q": "ada.l@EXAMPLE"}, ["user_ada"]),
        ({"q": "bobb"}, ["user_bob"]),
        ({"q": "lovel"}, ["user_ada"]),
        ({"q": "%"}, []),
        ({"role": "MENTOR"}, ["user_bob"]),
        ({"role": "MENTOR", "q": "ada"}, ["user_bob"]),
        ({"banned": "true"}, ["user_eve"]),
        ({"banned": "false", "role": "LEARNER"}, ["user_bob", "user_ada", "user_admin"]),
        ({"deleted": "true"}, []),
        ({}, ["user_eve", "user_bob", "user_ada", "user_admin"]),
    ],
)
def test_users_are_found_by_prefix_role_and_status(
    admin: Person, query: dict[str, object], expected: list[str]
) -> None:
    assert found(admin, **query) == expected


@pytest.mark.parametrize(
    ("fields", "texts"),
    [
        ({"first_name": "Zoé"}, ["zoé", "ZOÉ", "Zoe\u0301", "zo"]),
        ({"first_name": "ZOE\u0301"}, ["zoé", "ZOÉ"]),
        ({"first_name": "Can", "last_name": "Öztürk"}, ["özt", "ÖZTÜRK", "can özt", "CAN ÖZT"]),
        ({"email": "Äpfel@example.com"}, ["äpfel@example.com", "ÄPFEL@EXAMPLE.COM", "Äpf"]),
        ({"username": "ÆTHER"}, ["æth", "Æth"]),
        ({"last_name": "Groß"}, ["groß", "GROẞ", "GROSS", "gross"]),
        ({"last_name": "GROSS"}, ["groß", "Gross"]),
        ({"first_name": "İpek", "last_name": "Irmak"}, ["ipek", "İPEK", "IPEK", "irmak", "IRMAK", "ırmak"]),
        ({"first_name": "ırmak"}, ["IRMAK", "irmak", "ırm"]),
        ({"first_name": "Иван", "last_name": "ПЕТРОВ"}, ["иван петр", "ИВАН", "петров"]),
        ({"first_name": "Γιώργος", "last_name": "ΖΟΡΜΠΆΣ"}, ["ΓΙΏΡΓΟΣ", "γιώργος", "ζορμπάς"]),
        ({"first_name": "Ｔａｒｏ"}, ["taro", "ＴＡＲＯ"]),
        ({"first_name": "小明", "last_name": "王"}, ["小", "王", "小明 王"]),
        ({"first_name": "🚀" * 600}, ["🚀" * 50]),
        ({"last_name": "\ufdfa" * 512}, ["صلى"]),
    ],
    ids=str,
)
def test_a_search_ignores_case_in_every_language(
    engine: Engine, admin: Person, fields: dict[str, str], texts: list[str]
) -> None:
    people.add(engine, "user_ada", **fields)
    assert {text: found(admin, q=text) for text in texts} == {text: ["user_ada"] for text in texts}


def test_a_search_distinguishes_letters_with_and_without_accents(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada", first_name="Zoé")
    assert found(admin, q="zoe") == []


def test_a_user_who_changes_name_is_found_only_by_the_new_name(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada", first_name="Zoé")
    people.add(engine, "user_ada", first_name="Ada", version=people.THEN + timedelta(1))
    assert (found(admin, q="zoé"), found(admin, q="ada")) == ([], ["user_ada"])


def test_pages_contain_every_user_once_while_others_are_added(engine: Engine, admin: Person) -> None:
    for number in range(7):
        people.add(engine, f"user_{number}")
    seen: list[str] = []
    cursor: dict[str, object] = {}

    for number in range(3):
        page = admin.get(USERS, limit=3, **cursor).json()
        seen += [user["clerk_id"] for user in page["items"]]
        cursor = {"cursor": page["next"]}
        people.add(engine, f"user_late_{number}")

    assert seen == ["user_6", "user_5", "user_4", "user_3", "user_2", "user_1", "user_0", "user_admin"]
    assert cursor == {"cursor": None}


def test_one_user_is_shown_with_past_current_and_future_assignments(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada")
    over = people.assign(engine, "user_ada", Role.MENTOR)
    people.revoke(engine, "user_ada", over)
    people.assign(engine, "user_ada", Role.MENTOR, start=people.LATER)

    shown = admin.get(f"{USERS}/user_ada").json()

    assert shown["roles"] == ["LEARNER"]
    assert [(each["role"], each["held"]) for each in shown["assignments"]] == [
        ("MENTOR", False),
        ("MENTOR", False),
        ("LEARNER", True),
    ]


def test_the_profile_contains_only_what_a_user_may_see(engine: Engine, sign_in: SignIn) -> None:
    ada = people.add(engine, "user_ada", Role.MENTOR, email="ada@example.com", first_name="Ada")

    shown = sign_in("user_ada").get("/api/user/profile").json()

    assert (shown["id"], shown["roles"]) == (ada.id, ["LEARNER", "MENTOR"])
    assert set(shown) == {
        "id", "clerk_id", "email", "first_name", "last_name", "username", "image_url", "roles", "at", "assignments",
    }  # fmt: skip
    assert set(shown["assignments"][0]) == {"id", "role", "effective_start_date", "effective_end_date", "held"}
