"""Cells of a table are never truncated, at any width of the terminal."""

import io

import pytest
from rich.console import Console

from cli import output

ROW = ("17", "MENTOR", "2026-03-01 12:00:00", "2026-09-01 12:00:00", "yes", "user_2abcdefghijklmnopqrstuvwxyz012345")
HEAD = ("Id", "Role", "From", "Until", "Held", "Assigned by")
WHY = "Leads the course of the summer, as agreed with the whole team on the telephone."


def drawn(head: tuple[str, ...], row: tuple[str, ...], width: int) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width).print(output.layout("All of them", head, [row], width))
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_ids_and_times_stay_whole_on_one_line(width: int) -> None:
    printed = drawn((*HEAD, "Why"), (*ROW, WHY), width)

    assert all(any(cell in line for line in printed) for cell in ROW)
    assert WHY.split()[-1] in "".join(printed)
    assert "…" not in "".join(printed)


def test_words_wrap_before_a_table_becomes_blocks() -> None:
    printed = drawn(("Id", "Why"), ("17", WHY), 60)

    assert "│ Why" in printed[2] or "┃ Why" in printed[2]
    assert len(printed) > 5
    assert max(map(len, printed)) <= 60


def test_a_row_that_does_not_fit_becomes_a_block_with_every_column() -> None:
    printed = drawn((*HEAD, "Why"), (*ROW, WHY), 60)

    assert [line.split()[0] for line in printed if line.startswith(("Id", "Role", "From", "Until", "Held"))] == [
        "Id",
        "Role",
        "From",
        "Until",
        "Held",
    ]


def test_empty_columns_are_omitted_first() -> None:
    printed = drawn(("Id", "Why it ended", "Why"), ("17", "", "Summer"), 20)

    assert "Why it ended" not in "".join(printed)
    assert any("17" in line and "Summer" in line for line in printed)


def test_in_a_pipe_each_row_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    reason = "why " * 500

    output.table("Roles", (*HEAD, "Why"), [(*ROW, reason.strip())])

    printed = capsys.readouterr().out.splitlines()
    assert sum(all(cell in line for cell in (*ROW, reason.strip())) for line in printed) == 1


def test_a_long_list_is_printed_completely(capsys: pytest.CaptureFixture[str]) -> None:
    output.table("Numbers", ("Number",), ((f"n{number}",) for number in range(2_500)))

    printed = capsys.readouterr().out
    assert all(f" n{number} " in printed for number in range(2_500))
