"""Work on everything that matches, one slice per form: it goes on by itself, stops, and can be continued."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from starlette.datastructures import QueryParams

from console.forms import Form

SHOWN = 20
"""Records that were left out and are shown with their reason."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A record that was left out."""

    id: str
    why: str = ""
    """Empty after a redirect; the page of the record says more."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the work is. The form of the next slice carries it, so the server keeps nothing."""

    done: int
    left: int
    total: int
    """What matched at the start; 0 if that was not counted."""
    cursor: str
    """Where the next slice begins; empty if none remains."""
    act: str
    """What is done, as the form names it."""
    reason: str = ""
    """Empty after a redirect: a link could put words of another into it, so the viewer enters it again."""
    skipped: tuple[LeftOut, ...] = ()
    """The first of those that the last slice left out."""

    @property
    def is_over(self) -> bool:
        """Whether nothing remains."""
        return not self.cursor

    @property
    def reached(self) -> int:
        """How many records were processed."""
        return self.done + self.left

    def query(self) -> dict[str, str | Sequence[str]]:
        """The progress in the query of a page; `read` reads it."""
        return {
            "did": self.act,
            "done": str(self.done),
            "left": str(self.left),
            "total": str(self.total),
            "rest": self.cursor,
            "skipped": [each.id for each in self.skipped],
        }


def after(form: Form, done: int, left: Iterable[LeftOut], cursor: str | None) -> Progress:
    """The progress after one more slice, from the form that asked for it."""
    skipped = tuple(left)
    return Progress(
        done=number(form.text("done")) + done,
        left=number(form.text("left")) + len(skipped),
        total=number(form.text("total")),
        cursor=cursor or "",
        act=form.text("do"),
        reason=form.text("reason"),
        skipped=skipped[:SHOWN],
    )


def interrupted(form: Form) -> Progress | None:
    """The progress before a slice that was refused; None if it was the first."""
    return after(form, 0, (), form.text("cursor")) if form.text("cursor") else None


def read(query: QueryParams) -> Progress | None:
    """The progress in the query of a page; None if it has none."""
    if "did" not in query:
        return None
    return Progress(
        done=number(query.get("done", "")),
        left=number(query.get("left", "")),
        total=number(query.get("total", "")),
        cursor=query.get("rest", ""),
        act=query["did"],
        skipped=tuple(LeftOut(each) for each in query.getlist("skipped")[:SHOWN]),
    )


def number(text: str) -> int:
    """A count; 0 if it is not one."""
    return int(text) if text.isdecimal() and len(text) < 10 else 0
