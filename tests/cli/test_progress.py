import io
import sys

import pytest

from cli import progress


class Screen(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def moved(screen: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> str:
    """The output at 200 of 600."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", screen)
    with progress.bar("replaying", 600) as advance:
        advance(200)
    return screen.getvalue()


def test_a_progress_bar_is_drawn_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = moved(Screen(), monkeypatch)

    assert "replaying" in drawn
    assert "200/600" in drawn


def test_no_progress_bar_is_drawn_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert moved(io.StringIO(), monkeypatch) == ""
