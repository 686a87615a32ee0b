"""Bodies that a user's browser or a fault can produce: each is parsed as an event."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clerk import events
from clerk.events import Changed, Event, Unreadable
from tests.clerk_sender import ADA, event, user

DEEP = 20_000
ENDLESS = "7" * 100_000

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from([ADA, "idn_1"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
NAMES = ("first_name", "last_name", "username", "image_url")
KINDS = st.sampled_from(["user.created", "user.updated", "user.deleted", "session.created"])


def body_with(raw: str, field: str = "unsafe_metadata") -> bytes:
    """The body of a ban, with the raw JSON of a field inserted."""
    return event("user.updated", user(banned=True) | {field: "PUT HERE"}).replace(b'"PUT HERE"', raw.encode())


@pytest.mark.parametrize(
    "raw",
    [
        "[" * DEEP + "]" * DEEP,
        '{"a":' * DEEP + "1" + "}" * DEEP,
        '[{"a":' * DEEP + '"]}[{"' + "}]" * DEEP,
        ENDLESS,
        "-" + ENDLESS,
        f"[{ENDLESS}, {ENDLESS}]",
        f"{ENDLESS}.{ENDLESS}e{ENDLESS}",
        "NaN",
        "-Infinity",
        "1e999999",
        json.dumps("x" * 500_000),
        json.dumps("\ud800\0" * 1_000),
        '{"a": 1, "a": 2}',
    ],
    ids=lambda raw: raw[:12],
)
@pytest.mark.parametrize("field", ["unsafe_metadata", "public_metadata", "image_url", "locked"])
def test_no_field_value_hides_the_ban_in_the_same_body(raw: str, field: str) -> None:
    meaning = events.read(body_with(raw, field)).meaning
    assert isinstance(meaning, Changed)
    assert (meaning.snapshot.clerk_id, meaning.snapshot.banned) == (ADA, True)


@pytest.mark.parametrize("body", [b"[" * DEEP + b"]" * DEEP, b'{"data":' * DEEP + b"1" + b"}" * DEEP, b"[" * DEEP])
def test_a_body_of_nested_containers_only_is_unreadable(body: bytes) -> None:
    assert isinstance(events.read(body).meaning, Unreadable)


@given(body=st.binary())
def test_any_bytes_are_parsed_as_an_event(body: bytes) -> None:
    assert isinstance(events.read(body), Event)


@given(envelope=JSON)
def test_any_json_is_parsed_as_an_event(envelope: object) -> None:
    assert isinstance(events.read(json.dumps(envelope).encode()), Event)


@given(
    kind=KINDS,
    fields=st.dictionaries(st.sampled_from(sorted(user())), JSON),
    envelope=st.fixed_dictionaries({}, optional={"timestamp": JSON, "data": JSON, "object": JSON, "instance_id": JSON}),
)
def test_any_value_in_any_field_is_parsed_as_an_event_of_its_type(
    kind: str, fields: dict[str, Any], envelope: dict[str, Any]
) -> None:
    body = json.dumps({"type": kind, "data": user() | fields} | envelope).encode()
    assert events.read(body).type == kind


@given(names=st.tuples(*[st.text(st.characters())] * 4))
def test_parsed_text_can_be_stored(names: tuple[str, ...]) -> None:
    body = event("user.updated", user() | dict(zip(NAMES, names, strict=True)))
    meaning = events.read(body).meaning
    assert isinstance(meaning, Changed)
    stored = [getattr(meaning.snapshot, name) for name in NAMES]
    assert not any("\0" in text for text in stored)
    assert "".join(stored).encode().decode() == "".join(stored)
