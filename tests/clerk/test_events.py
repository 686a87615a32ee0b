import json
from typing import Any

import pytest

from clerk import events
from clerk.events import Changed, Deleted, Ignored, Unreadable
from clerk.user import LONGEST_EXTERNAL_ID, LONGEST_URL, LONGEST_USERNAME, NEVER, Snapshot
from tests.clerk_sender import ADA, deletion, email_address, event, milliseconds, moment, user


def snapshot_of(**fields: Any) -> Snapshot:
    """The snapshot of an update with these fields."""
    meaning = events.read(event("user.updated", user(ADA, **fields))).meaning
    assert isinstance(meaning, Changed)
    return meaning.snapshot


@pytest.mark.parametrize("kind", ["user.created", "user.updated"])
def test_a_creation_and_an_update_contain_the_whole_user(kind: str) -> None:
    read = events.read(event(kind, user(ADA, at=1_500, username="ada", external_id="4711", banned=True), at=1_500))
    assert (read.type, read.clerk_user_id, read.occurred_at) == (kind, ADA, moment(1_500))
    assert isinstance(read.meaning, Changed)
    assert read.meaning.snapshot == Snapshot(
        clerk_id=ADA,
        version=moment(1_500),
        email="ada@example.com",
        email_verified=True,
        first_name="Ada",
        last_name="Lovelace",
        username="ada",
        image_url="https://img.example.com/ada",
        external_id="4711",
        banned=True,
        created_at=moment(0),
    )


def test_a_deletion_has_the_id_and_the_time_of_the_envelope() -> None:
    read = events.read(deletion(ADA, at=9_000))
    assert (read.meaning, read.clerk_user_id, read.occurred_at) == (Deleted(ADA), ADA, moment(9_000))


def test_a_deletion_without_an_id_is_unreadable() -> None:
    read = events.read(event("user.deleted", {"deleted": True, "object": "user"}))
    assert read.meaning == Unreadable("The event does not say which user it is about (data.id).")


def test_a_deletion_without_a_time_has_the_id() -> None:
    read = events.read(event("user.deleted", {"id": ADA}, timestamp=None))
    assert (read.meaning, read.occurred_at) == (Deleted(ADA), None)


@pytest.mark.parametrize(
    "peculiar",
    [
        {"primary_email_address_id": "idn_of_nothing"},
        {"email_addresses": []},
        {"primary_email_address_id": None},
        {"primary_email_address_id": 7},
        {"email_addresses": None},
        {"email_addresses": {"idn_1": "ada@example.com"}},
        {"email_addresses": [None, "ada@example.com", {"id": "idn_1"}]},
        {"email_addresses": [email_address("")]},
        {"email_addresses": [{"id": "idn_1", "email_address": ["ada@example.com"]}]},
        {"email_addresses": [email_address("a" * 320 + "@example.com")]},
    ],
    ids=str,
)
def test_a_dangling_primary_address_id_means_no_address(peculiar: dict[str, Any]) -> None:
    assert snapshot_of(**peculiar).email is None


def test_the_primary_address_is_found_by_its_id() -> None:
    addresses = [email_address(f"ada{n}@example.com", of=f"idn_{n}") for n in range(1_000)]
    assert snapshot_of(email_addresses=addresses, primary_email_address_id="idn_999").email == "ada999@example.com"


def test_the_case_of_an_address_is_preserved() -> None:
    assert snapshot_of(email="Ada.Lovelace@Example.COM").email == "Ada.Lovelace@Example.COM"


def test_a_user_may_have_only_a_phone_number() -> None:
    phone = {"id": "idn_2", "object": "phone_number", "phone_number": "+15555550100"}
    fields = snapshot_of(
        email=None, phone_numbers=[phone], primary_phone_number_id="idn_2", first_name=None, last_name=None
    )
    assert (fields.email, fields.first_name, fields.last_name, fields.username) == (None, None, None, None)


def test_a_user_may_have_only_a_username() -> None:
    fields = snapshot_of(email=None, username="countess", first_name=None, last_name=None, image_url=None)
    assert (fields.username, fields.email, fields.first_name, fields.image_url) == ("countess", None, None, None)


def test_only_true_means_banned() -> None:
    values: list[object] = [True, False, None, 1, "true", []]
    assert [snapshot_of(banned=value).banned for value in values] == [True, False, False, False, False, False]


def test_the_ban_is_unknown_unless_it_is_true_or_false() -> None:
    values: list[object] = [True, False, None, 1, "true", []]
    stated = [snapshot_of(banned=value).banned_as_of is None for value in values]
    assert stated == [True, True, False, False, False, False]


def test_a_deprovisioned_user_is_banned_whatever_banned_is() -> None:
    assert snapshot_of(deprovisioned=True, banned=False).banned
    without = {name: value for name, value in user(ADA, deprovisioned=True).items() if name != "banned"}
    meaning = events.read(event("user.updated", without)).meaning
    assert isinstance(meaning, Changed)
    assert (meaning.snapshot.banned, meaning.snapshot.banned_as_of) == (True, None)


def test_the_ban_is_unknown_without_the_field() -> None:
    without = {name: value for name, value in user(ADA).items() if name != "banned"}
    meaning = events.read(event("user.updated", without | {"deprovisioned": False})).meaning
    assert isinstance(meaning, Changed)
    assert (meaning.snapshot.banned, meaning.snapshot.banned_as_of) == (False, NEVER)


@pytest.mark.parametrize(
    ("verification", "verified"),
    [
        ({"status": "verified"}, True),
        ({"status": "unverified"}, False),
        ({"status": "expired"}, False),
        ({}, False),
        (None, False),
        ("verified", False),
    ],
)
def test_an_address_is_verified_by_the_status_of_its_verification(verification: object, verified: bool) -> None:
    fields = snapshot_of(email_addresses=[email_address("ada@example.com") | {"verification": verification}])
    assert (fields.email, fields.email_verified) == ("ada@example.com", verified)


def test_without_the_field_it_is_unknown_whether_an_address_is_verified() -> None:
    address = {name: value for name, value in email_address("ada@example.com").items() if name != "verification"}
    assert snapshot_of(email_addresses=[address]).email_verified is None


SENT = 1_700_000_000
AHEAD = (SENT + 300) * 1_000
"""The latest accepted time in a delivery sent at `SENT`, in milliseconds."""


@pytest.mark.parametrize(("version", "believed"), [(AHEAD, True), (AHEAD + 1, False), (253_402_300_799_000, False)])
def test_a_version_more_than_five_minutes_after_its_delivery_is_unreadable(version: int, believed: bool) -> None:
    read = events.read_delivery(event("user.updated", user(ADA, updated_at=version)), SENT)
    assert isinstance(read.meaning, Changed if believed else Unreadable)
    assert read.clerk_user_id == ADA


@pytest.mark.parametrize(("at", "believed"), [(AHEAD, True), (AHEAD + 1, False), (253_402_300_799_000, False)])
def test_a_deletion_more_than_five_minutes_after_its_delivery_is_unreadable(at: int, believed: bool) -> None:
    read = events.read_delivery(event("user.deleted", {"id": ADA}, timestamp=at), SENT)
    assert isinstance(read.meaning, Deleted if believed else Unreadable)


def test_the_reason_contains_both_times_and_what_to_do() -> None:
    meaning = events.read_delivery(event("user.updated", user(ADA, updated_at=AHEAD + 1)), SENT).meaning
    assert isinstance(meaning, Unreadable)
    for word in ("data.updated_at", "2023-11-14T22:18:20.001000+00:00", "2023-11-14T22:13:20+00:00", "discard"):
        assert word in meaning.why


@pytest.mark.parametrize("fields", [{"timestamp": AHEAD * 2}, {"timestamp": None}])
def test_the_envelope_s_time_does_not_affect_an_update(fields: dict[str, Any]) -> None:
    read = events.read_delivery(event("user.updated", user(ADA, updated_at=SENT * 1_000), **fields), SENT)
    assert isinstance(read.meaning, Changed)


def test_a_deletion_without_a_time_is_accepted() -> None:
    assert events.read_delivery(event("user.deleted", {"id": ADA}, timestamp=None), SENT).meaning == Deleted(ADA)


def test_an_unused_type_is_ignored_whatever_its_time() -> None:
    read = events.read_delivery(event("session.created", {"id": "sess_1"}, timestamp=AHEAD + 1), SENT)
    assert read.meaning == Ignored("We do not use events of this type.")


def test_a_temporary_lock_is_not_a_ban() -> None:
    assert not snapshot_of(locked=True).banned


def test_times_in_seconds_are_accepted() -> None:
    seconds = milliseconds(0) // 1_000
    fields = snapshot_of(updated_at=seconds, created_at=seconds - 60)
    assert (fields.version, fields.created_at) == (moment(0), moment(-60_000))


@pytest.mark.parametrize("absent", ["timestamp", "instance_id", "event_attributes", "object"])
def test_an_update_needs_only_type_and_data_of_its_envelope(absent: str) -> None:
    body = json.loads(event("user.updated", user(ADA, at=1_500)))
    del body[absent]
    read = events.read(json.dumps(body).encode())
    assert isinstance(read.meaning, Changed)
    assert read.occurred_at == moment(1_500)


def test_unknown_fields_of_an_update_are_ignored() -> None:
    body = event("user.updated", user(ADA, telepathy={"enabled": [True]}), schema={"version": 9})
    assert isinstance(events.read(body).meaning, Changed)


@pytest.mark.parametrize("kind", ["session.created", "organization.deleted", "user.enlightened", "x" * 5_000])
def test_an_unused_type_is_ignored(kind: str) -> None:
    read = events.read(event(kind, {"id": "sess_1"}))
    assert read.meaning == Ignored("We do not use events of this type.")
    assert read.type == kind[:255]


@pytest.mark.parametrize("example", sorted(events.EXAMPLES))
@pytest.mark.parametrize("kind", ["user.created", "user.updated", "user.deleted"])
def test_the_user_of_the_dashboard_s_send_example_is_ignored(kind: str, example: str) -> None:
    read = events.read(event(kind, user(example)))
    assert read.meaning == Ignored("Clerk's 'Send Example' describes a user that does not exist.")


@pytest.mark.parametrize("version", [None, "soon", True, float("nan"), float("inf"), -1, 10**30, {}, 1e300])
def test_an_update_without_a_version_is_unreadable(version: object) -> None:
    read = events.read(event("user.updated", user(ADA, updated_at=version)))
    assert isinstance(read.meaning, Unreadable)
    assert "data.updated_at" in read.meaning.why
    assert read.clerk_user_id == ADA


@pytest.mark.parametrize("clerk_id", [None, "", 7, "user ada", "user_\0", "user_ä", "u" * 256, ["user_ada"]])
def test_an_update_without_a_valid_id_is_unreadable(clerk_id: object) -> None:
    read = events.read(event("user.updated", user() | {"id": clerk_id}))
    assert isinstance(read.meaning, Unreadable)
    assert "data.id" in read.meaning.why


@pytest.mark.parametrize("data", [None, [], "user_ada", 7, {}])
def test_an_update_whose_data_is_not_a_user_is_unreadable(data: object) -> None:
    assert isinstance(events.read(event("user.updated", data)).meaning, Unreadable)


@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"ada", b"{", b"'{}'", b'{"type": "user.created",}', b"\xef\xbb\xbf{}", b"\xff", b"[]", b"null", b"7"],
)
def test_a_body_that_is_not_a_json_object_is_unreadable(body: bytes) -> None:
    assert isinstance(events.read(body).meaning, Unreadable)


@pytest.mark.parametrize("kind", [None, "", 7, ["user.created"]])
def test_an_event_without_a_type_is_unreadable(kind: object) -> None:
    body = json.dumps({"type": kind, "data": user()}).encode()
    assert events.read(body).meaning == Unreadable("The event has no type.")


def test_the_last_of_duplicate_keys_is_used() -> None:
    body = b'{"type": "user.created", "data": {"id": "user_eve"}, "data": {"id": "user_ada"}, "type": "user.deleted"}'
    assert events.read(body).meaning == Deleted(ADA)


def test_characters_that_postgresql_cannot_store_are_replaced() -> None:
    fields = snapshot_of(first_name="A\0da", last_name="\ud800lovelace", username="x\udfff")
    assert (fields.first_name, fields.last_name, fields.username) == ("A\ufffdda", "\ufffdlovelace", "x\ufffd")


def test_a_surrogate_pair_is_one_character() -> None:
    body = event("user.updated", user(first_name="👩🏽‍🚀"))
    assert b"\\ud83d\\udc69" in body
    meaning = events.read(body).meaning
    assert isinstance(meaning, Changed)
    assert meaning.snapshot.first_name == "👩🏽‍🚀"


def test_a_long_name_is_truncated() -> None:
    assert snapshot_of(first_name="ab" * 100_000).first_name == "ab" * 256


@pytest.mark.parametrize(
    ("field", "longest"),
    [("username", LONGEST_USERNAME), ("external_id", LONGEST_EXTERNAL_ID), ("image_url", LONGEST_URL)],
)
def test_an_identifier_that_is_too_long_is_dropped(field: str, longest: int) -> None:
    whole = "x" * longest
    assert getattr(snapshot_of(**{field: whole}), field) == whole
    assert getattr(snapshot_of(**{field: whole + "x"}), field) is None
