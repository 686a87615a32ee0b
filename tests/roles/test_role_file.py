"""Files of roles: what is read from CSV and JSON lines, and what is refused with the line and the field."""

import contextlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akako_guard.role import Role
from roles import role_file, times
from roles.role_file import Format, InvalidFile, InvalidLine, RoleLine

FULL = RoleLine(
    number=2,
    who="user_ada",
    role=Role.MENTOR,
    start=datetime(2024, 2, 1, tzinfo=UTC),
    end=datetime(2025, 2, 1, 12, 30, tzinfo=UTC),
    by="grace",
    why='Course "12", part 1',
)
HEADER = "who,role,from,until,by,why\n"


def read(text: str, form: Format = Format.CSV) -> list[RoleLine | InvalidLine]:
    return list(role_file.read(text.splitlines(keepends=True), form))


def test_csv_with_all_columns() -> None:
    line = 'user_ada,mentor,2024-02-01T00:00:00Z,2025-02-01T14:30+02:00,grace,"Course ""12"", part 1"\n'
    assert read(HEADER + line) == [FULL]


def test_csv_with_columns_in_any_order_and_empty_values() -> None:
    assert read("Role,WHO,until\nADMIN,user_ada,\n\nLEARNER,user_bea,\n") == [
        RoleLine(number=2, who="user_ada", role=Role.ADMIN),
        RoleLine(number=4, who="user_bea", role=Role.LEARNER),
    ]


def test_json_lines() -> None:
    fields = {"who": "user_ada", "role": "MENTOR", "from": "2024-02-01T00:00:00Z", "until": "2025-02-01T12:30:00Z"}
    text = (
        "\n"
        + json.dumps(fields | {"by": "grace", "why": FULL.why})
        + "\n"
        + '{"who": "u", "role": "ADMIN", "by": null}'
    )
    assert read(text, Format.JSON_LINES) == [FULL, RoleLine(number=3, who="u", role=Role.ADMIN)]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (",MENTOR,,,,", "`who` is empty"),
        ("u,,,,,", "`role` is empty"),
        ("u,OWNER,,,,", "`role`: give one of LEARNER, MENTOR, ADMIN, not 'OWNER'"),
        ("u,MENTOR,yesterday,,,", "`from`: give a time with a time zone"),
        ("u,MENTOR,2024-02-01T00:00:00,,,", "`from`: add a time zone"),
        ("u,MENTOR,2024-02-01T00:00:00Z,2024-02-01T00:00:00Z,,", "`until` has to be after `from`"),
        ("u,MENTOR,,,,\x07", "`why`: give a reason without line breaks and other control characters"),
        ("u,MENTOR", "it has 2 values, and the header has 6"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_with_its_field(values: str, reason: str) -> None:
    [first, second] = read(HEADER + values + "\nuser_ada,ADMIN,,,,\n")
    assert isinstance(first, InvalidLine)
    assert (first.number, first.reason.startswith(reason)) == (2, True), first.reason
    assert isinstance(second, RoleLine)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("[]", "it is not a JSON object"),
        ('{"who": "u", "role": "ADMIN", "rank": "1"}', "it has the unknown fields rank"),
        ('{"who": 1, "role": "ADMIN"}', "all values have to be texts or null"),
        ('{"role": "ADMIN"}', "`who` is empty"),
    ],
)
def test_json_that_is_no_role_is_named(line: str, reason: str) -> None:
    if len(line) > role_file.LONGEST_LINE:
        with pytest.raises(InvalidFile, match="line 1 has more than 65,536 characters"):
            read(line, Format.JSON_LINES)
    else:
        assert read(line, Format.JSON_LINES) == [InvalidLine(1, reason)]


@pytest.mark.parametrize("text", ["", "who\nu\n", "who,role,role\n", "who,role,rank\n", "user_ada,ADMIN\n"])
def test_a_header_without_the_columns_is_refused(text: str) -> None:
    with pytest.raises(InvalidFile, match="the first line has to name the columns"):
        read(text)


@pytest.mark.parametrize("text", ['who,role\n"u,ADMIN\n', 'who,role\n"u"x,ADMIN\n', "who,role\n\0,ADMIN\n"])
def test_a_file_that_is_not_csv_is_refused(text: str) -> None:
    with pytest.raises(InvalidFile, match="line"):
        read(text)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    for form in Format:
        with contextlib.suppress(InvalidFile):
            assert all(isinstance(each, RoleLine | InvalidLine) for each in read(HEADER + text, form))


@given(
    st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2200, 1, 1)),
    st.sampled_from(list(Role)),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20),
)
def test_what_is_written_is_read(start: datetime, role: Role, who: str) -> None:
    fields = {"who": who, "role": role.value, "from": times.write(start.replace(tzinfo=UTC))}
    [line] = read(json.dumps(fields), Format.JSON_LINES)
    assert line == RoleLine(number=1, who=who, role=role, start=start.replace(tzinfo=UTC))
