import json

import pytest

from clerk.redaction import HIDDEN, redacted
from tests.clerk_sender import deletion, email_address, event, user

PERSON = user(
    unsafe_metadata={"Ada Lovelace": "ada"},
    phone_numbers=[{"id": "idn_2", "phone_number": "+49 30 1234567"}],
    external_accounts=[{"id": "eac_1", "email_address": "ada@example.com", "first_name": "Ada"}],
    birthday="1815-12-10",
    last_sign_in_at=1_735_689_600_123,
)


def test_personal_data_is_redacted() -> None:
    shown = json.dumps(redacted(event("user.created", PERSON)))

    secrets = ("ada@", "Ada", "1234567", "1815", "never to be seen", "192.0.2.1", "Mozilla", "600123")
    assert [word for word in secrets if word in shown] == []


def test_values_that_explain_an_unreadable_event_are_shown() -> None:
    body = event("user.updated", user(updated_at=None, email_addresses=[email_address("a@example.com", "idn_9")]))

    shown = redacted(body)

    assert (shown["type"], shown["data"]["id"], shown["data"]["updated_at"]) == ("user.updated", "user_ada", None)
    assert shown["data"]["primary_email_address_id"] == "idn_1"
    assert shown["data"]["email_addresses"] == [
        {"id": "idn_9", "object": "email_address", "email_address": HIDDEN, "verification": HIDDEN}
    ]


def test_a_deletion_is_shown_except_for_its_origin() -> None:
    whole = json.loads(deletion(at=7))

    assert redacted(deletion(at=7)) == {**whole, "event_attributes": HIDDEN}


@pytest.mark.parametrize("body", [b"no json: ada@example.com", b'"ada@example.com"', b"[1]", b"\xff"])
def test_a_body_that_is_not_an_object_is_redacted(body: bytes) -> None:
    assert redacted(body) == HIDDEN


@pytest.mark.parametrize("place", ["type", "object", "instance_id"])
def test_long_text_in_the_place_of_an_id_is_redacted(place: str) -> None:
    assert redacted(event("user.created", {}, **{place: "Ada " * 50}))[place] == HIDDEN  # type: ignore[arg-type]


@pytest.mark.parametrize("data", ["Ada", ["Ada"], 7, {"email_addresses": ["ada@example.com"], "phone_numbers": "1"}])
def test_data_of_any_shape_is_redacted(data: object) -> None:
    assert "Ada" not in str(redacted(event("user.created", data)))
    assert "ada@" not in str(redacted(event("user.created", data)))
    assert "7" not in str(redacted(event("user.created", data))["data"])


def test_characters_that_cannot_be_stored_are_replaced() -> None:
    shown = redacted(b'{"type": "a\\ud800", "\\ud800": null, "data": {"id": "b\\u0000"}}')

    assert json.dumps(shown, ensure_ascii=False).encode()
    assert shown["type"] == "a\ufffd"
