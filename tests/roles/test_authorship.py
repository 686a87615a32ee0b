import re

import pytest

from roles import authorship


def test_surrounding_white_space_is_removed() -> None:
    assert authorship.reason("  She leads the course.\n") == "She leads the course."
    assert authorship.operator("\tGrace Hopper ") == "Grace Hopper"


@pytest.mark.parametrize("reason", ["x", "x" * 1_000, f"  {'x' * 1_000}  ", "Zoë 🎓 عربي \u200f"])
def test_a_reason_has_up_to_a_thousand_characters(reason: str) -> None:
    assert authorship.reason(reason) == reason.strip()


@pytest.mark.parametrize(
    "reason", ["", "  ", "\n", "\u2028", "x" * 1_001, "a\nb", "a\x00b", "a\x1b[31mb", "a\x9bb", "a\u2028b"]
)
def test_an_empty_too_long_or_unprintable_reason_is_refused(reason: str) -> None:
    with pytest.raises(ValueError, match=r"^give a reason"):
        authorship.reason(reason)


@pytest.mark.parametrize(
    "name", ["", " ", "x" * 201, "a\nb", "a\x1bb", "grace\u202eecarg", "a\u2066b", "a\u200fb", "\ud800"]
)
def test_a_name_that_could_look_like_another_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"^give a name"):
        authorship.operator(name)


def test_notes_may_have_lines_and_an_end() -> None:
    assert authorship.notes("One.\nTwo.\n") == "One.\nTwo.\n"
    assert authorship.notes("") == ""
    with pytest.raises(ValueError, match="4,000"):
        authorship.notes("x" * 4_001)


@pytest.mark.parametrize("reason", ["x", " x ", "Zoë 🎓", "", "  ", "a\nb", "a\x00b", "\u2028", "\x85"])
def test_the_pattern_in_the_schema_allows_nothing_that_is_refused(reason: str) -> None:
    try:
        authorship.reason(reason)
    except ValueError:
        assert not re.search(authorship.REASON_PATTERN, reason)
    else:
        assert re.search(authorship.REASON_PATTERN, reason)
