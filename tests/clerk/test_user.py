import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from akako_guard.identifier import identifier
from clerk.text import search_key, storable
from clerk.user import EPOCH, FIRST_MILLISECONDS, MILLISECONDS_OF_2109, parse_time, snapshot
from tests.clerk_sender import user


def test_a_time_is_milliseconds_since_1970() -> None:
    assert parse_time(1_735_197_879_285) == datetime(2024, 12, 26, 7, 24, 39, 285_000, UTC)


def test_a_number_below_ten_to_the_eleventh_is_seconds() -> None:
    assert parse_time(FIRST_MILLISECONDS - 1) == datetime(5138, 11, 16, 9, 46, 39, tzinfo=UTC)
    assert parse_time(FIRST_MILLISECONDS) == datetime(1973, 3, 3, 9, 46, 40, tzinfo=UTC)


def test_the_last_representable_millisecond_is_a_time() -> None:
    assert parse_time(253_402_300_799_999) == datetime(9999, 12, 31, 23, 59, 59, 999_000, UTC)
    assert parse_time(253_402_300_800_000) is None


@pytest.mark.parametrize(
    "value", [None, True, False, "1735197879285", [], {}, -1, math.nan, math.inf, -math.inf, 1e300, 10**400]
)
def test_an_invalid_time_is_none(value: object) -> None:
    assert parse_time(value) is None


@given(st.integers() | st.floats())
def test_any_number_is_a_time_or_none(number: float) -> None:
    assert isinstance(parse_time(number), datetime | None)


@given(st.integers(FIRST_MILLISECONDS, 253_402_300_799_998))
def test_times_have_millisecond_precision(milliseconds: int) -> None:
    earlier, later = parse_time(milliseconds), parse_time(milliseconds + 1)
    assert earlier is not None
    assert later is not None
    assert (later - earlier).total_seconds() == 0.001


@given(st.text(st.characters(), max_size=300))
def test_an_identifier_is_visible_ascii(text: str) -> None:
    visible = 0 < len(text) <= 255 and text.isascii() and text.isprintable() and " " not in text
    assert identifier(text) == (text if visible else None)


def test_a_backend_api_response_is_parsed_as_a_snapshot() -> None:
    read = snapshot(user("user_ada", at=1_500))
    assert read is not None
    assert (read.clerk_id, read.email) == ("user_ada", "ada@example.com")


def test_without_an_id_or_a_version_there_is_no_snapshot() -> None:
    assert snapshot(user() | {"id": None}) is None
    assert snapshot(user() | {"updated_at": None}) is None


@given(st.text(st.characters()))
def test_storable_text_has_the_same_length_and_can_be_stored(text: str) -> None:
    stored = storable(text)
    assert stored is not None
    assert len(stored) == len(text)
    assert "\0" not in stored
    assert stored.encode().decode() == stored


def test_a_value_that_is_not_text_is_none() -> None:
    others: list[object] = [None, 7, True, [], b"ada"]
    assert [storable(value) for value in others] == [None] * 5


LETTERS = [chr(code) for code in range(0x11_0000) if chr(code).isalpha()]
ASSIGNED_CASED = [letter for letter in LETTERS if letter.upper() != letter.lower()]


def test_search_keys_are_case_insensitive_for_every_letter() -> None:
    other = [
        letter
        for letter in ASSIGNED_CASED
        if not search_key(letter) == search_key(letter.upper()) == search_key(letter.lower())
    ]
    assert other == []


@given(st.text(st.characters(codec="ascii")))
def test_the_search_key_of_ascii_text_is_lowercase(text: str) -> None:
    assert search_key(text) == text.lower()


@given(st.text(st.sampled_from(ASSIGNED_CASED), max_size=8))
def test_search_key_is_idempotent(text: str) -> None:
    assert search_key(search_key(text)) == search_key(text)


@given(st.integers(FIRST_MILLISECONDS, 2 * MILLISECONDS_OF_2109))
@example(MILLISECONDS_OF_2109 - 1)
def test_every_millisecond_is_exact(value: int) -> None:
    assert parse_time(value) == EPOCH + timedelta(milliseconds=value)
