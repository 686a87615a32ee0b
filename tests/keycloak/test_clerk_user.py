"""What Clerk is asked to create follows from the person in Keycloak and from the map."""

from datetime import UTC, datetime
from typing import Any

import pytest

from keycloak import clerk_user, mapping, person, user
from tests.keycloak import exports
from tests.keycloak.exports import ANSWERS
from tests.keycloak.maps import MAP, changed

EXPORTED = datetime(2024, 1, 1, tzinfo=UTC)
MARKER = {"akako_import": "m-1"}
APP = ANSWERS["totp"][0]


def fields(text: str = MAP, **given: Any) -> dict[str, Any]:
    data = exports.person(4, **{"firstName": "Ada", "lastName": "Lovelace", **given})
    return clerk_user.fields(person.of(user.parse(data)), mapping.parse(text), MARKER, EXPORTED)


def test_a_person_keeps_id_names_address_password_and_registration() -> None:
    known = next(each for each in ANSWERS["passwords"] if each["name"] == "argon2id-default")
    assert fields() == {
        "external_id": "00000000-0000-4000-8000-000000000004",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "username": "person-4",
        "email_address": ["person-4@school.org"],
        "email_address_identification_status": ["verified"],
        "password_hasher": "argon2id",
        "password_digest": known["digest"],
        "created_at": "2020-09-17T12:26:40+00:00",
        "private_metadata": MARKER,
        "skip_legal_checks": True,
    }


def test_without_a_password_clerk_demands_none() -> None:
    made = fields(credentials=[])
    assert (made["skip_password_requirement"], "password_digest" in made) == (True, False)


def test_the_secret_of_an_app_is_transferred() -> None:
    assert fields(credentials=[APP["credential"]])["totp_secret"] == APP["secret"]


def test_an_address_that_is_not_verified_is_reserved() -> None:
    assert fields(emailVerified=False)["email_address_identification_status"] == ["reserved"]


def test_an_address_that_clerk_refuses_is_left_out() -> None:
    assert not {"email_address", "email_address_identification_status"} & fields(email="ada@localhost").keys()


@pytest.mark.parametrize(("treatment", "banned"), [("ban", True), ("skip", None)])
def test_a_disabled_person_is_banned_if_the_map_says_so(treatment: str, banned: bool | None) -> None:
    text = changed(('disabled = "ban"', f'disabled = "{treatment}"'))
    assert fields(text, enabled=False).get("banned") is banned
    assert "banned" not in fields(text)


def test_only_listed_attributes_are_imported_and_none_replaces_the_marker() -> None:
    text = MAP + '[attributes]\nprivate_metadata = ["house", "akako_import", "missing"]\n'
    given = {"house": ["A", "B"], "akako_import": ["forged"], "secret": ["x"]}
    assert fields(text, attributes=given)["private_metadata"] == {"house": ["A", "B"], **MARKER}


@pytest.mark.parametrize("registered", [None, 4_000_000_000_000])
def test_a_registration_after_the_export_or_an_unknown_one_is_left_out(registered: int | None) -> None:
    assert "created_at" not in fields(createdTimestamp=registered)
