"""Work on everything that matches, one slice per form: it goes on by itself, stops, and can be continued."""

from dataclasses import dataclass
from typing import Any

from console.forms import Form

SHOWN = 20
"""Records that were left out and are shown with their reason."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the work is. The form of the next slice carries it, so the server keeps nothing."""

    done: int
    left: int
    total: int
    """What matched at the start; 0 if that was not counted."""
    cursor: str
    """Where the next slice begins; empty if none remains."""
    skipped: tuple[Any, ...] = ()
    """The first of those that the last slice left out."""

    @property
    def is_over(self) -> bool:
        """Whether nothing remains."""
        return not self.cursor

    @property
    def reached(self) -> int:
        """How many records were processed."""
        return self.done + self.left


def after(form: Form, done: int, left: list[Any], cursor: str | None) -> Progress:
    """The progress after one more slice, from the form that asked for it."""
    return Progress(
        done=number(form, "done") + done,
        left=number(form, "left") + len(left),
        total=number(form, "total"),
        cursor=cursor or "",
        skipped=tuple(left[:SHOWN]),
    )


def number(form: Form, name: str) -> int:
    """A count in a form; 0 if it is not one."""
    text = form.text(name)
    return int(text) if text.isdecimal() and len(text) < 10 else 0
