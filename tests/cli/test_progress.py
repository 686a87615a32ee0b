import io
import sys

import pytest

from cli import progress


class Screen(io.StringIO):
    """A terminal, as far as a program can tell."""

    def isatty(self) -> bool:
        return True


def moved(screen: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> str:
    """What is drawn while 200 of 600 are done."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", screen)
    with progress.bar("replaying", 600) as advance:
        advance(200)
    return screen.getvalue()


def test_on_a_terminal_a_bar_moves_on(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = moved(Screen(), monkeypatch)

    assert "replaying" in drawn
    assert "200/600" in drawn


def test_elsewhere_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    assert moved(io.StringIO(), monkeypatch) == ""
