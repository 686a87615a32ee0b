import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roles import times


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-09-01T08:00:00Z", datetime(2026, 9, 1, 8, tzinfo=UTC)),
        ("2026-09-01t08:00z", datetime(2026, 9, 1, 8, tzinfo=UTC)),
        ("2026-09-01 10:00:00.25+02:00", datetime(2026, 9, 1, 8, 0, 0, 250_000, tzinfo=UTC)),
        ("2028-02-29T23:59:59.999999-23:59", datetime(2028, 3, 1, 23, 58, 59, 999_999, tzinfo=UTC)),
    ],
)
def test_a_time_with_its_zone_is_read(text: str, moment: datetime) -> None:
    assert times.read(text) == moment


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("2027-02-29T08:00:00Z", "2027-02-29 does not exist"),
        ("2027-13-01T08:00:00Z", "2027-13-01 does not exist"),
        ("2027-00-10T08:00:00Z", "2027-00-10 does not exist"),
        ("0000-01-01T08:00:00Z", "0000-01-01 does not exist"),
        ("2027-01-01T24:00:00Z", "write midnight as 00:00:00 of the next day"),
        ("2027-01-01T25:00:00Z", "hour 25"),
        ("2027-01-01T08:60:00Z", "minute 60"),
        ("2026-12-31T23:59:60Z", "second 60"),
        ("2027-01-01T08:00:00+24:00", "zone hour 24"),
        ("2027-01-01T08:00:00+02:60", "zone minute 60"),
        ("2027-01-01T08:00:00.123456789Z", "at most six digits"),
        ("2027-01-01T08:00:00", "add a time zone"),
        ("2027-01-01T08:00:00 02:00", "%2B"),
        ("2027-01-01", "with a time zone"),
        ("next week", "with a time zone"),
        ("1790000000", "with a time zone"),
        ("２０２７-01-01T08:00:00Z", "with a time zone"),
        ("", "with a time zone"),
        ("9999-12-31T23:59:59-05:00", "before the year 9000"),
        ("0001-01-01T00:00:00+23:59", "from 1970 on"),
    ],
)
def test_an_invalid_time_raises_an_error_that_says_what_is_wrong(text: str, advice: str) -> None:
    with pytest.raises(ValueError, match=r"^(give|add|write) ") as refused:
        times.read(text)
    assert advice in str(refused.value)


@given(
    st.text(max_size=40)
    | st.from_regex(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([+-][0-9]{2}:[0-9]{2}|Z)", fullmatch=True
    )
)
def test_every_text_is_parsed_or_raises_valueerror(text: str) -> None:
    try:
        told = str(times.read(text).year)
    except ValueError as refused:
        told = str(refused)
    assert re.match(r"(give|add|write) |[0-9]{4}$", told)


@given(st.datetimes(datetime(1970, 1, 2), datetime(8999, 12, 30), timezones=st.timezones()))
def test_a_formatted_time_is_parsed_as_the_same_instant(moment: datetime) -> None:
    assert times.read(times.write(moment)) - moment == timedelta(0)
