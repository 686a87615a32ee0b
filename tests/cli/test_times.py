"""Format of times in tables."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from cli.times import formatted
from roles import times

STARTED = datetime(2026, 3, 1, 9, 30, 0, 1, UTC)


@pytest.mark.parametrize(
    "moment", [STARTED, STARTED.replace(microsecond=0), STARTED.astimezone(timezone(timedelta(hours=5)))]
)
def test_a_time_in_a_table_is_a_valid_option_value(moment: datetime) -> None:
    assert times.read(formatted(moment)) == moment


def test_a_missing_time_is_the_given_text() -> None:
    assert (formatted(None), formatted(None, "open")) == ("", "open")
