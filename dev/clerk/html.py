"""HTML from values: everything is escaped that is not HTML already."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import TypeAlias

EMPTY = frozenset({"input", "meta", "link"})


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


Child: TypeAlias = "str | int | Iterable[Child] | None"


def element(tag: str, *children: Child, **attributes: str | bool | None) -> Html:
    """An element; an attribute with True has no value, one with None or False is omitted, `class_` is `class`."""
    shown = "".join(_attribute(name.rstrip("_").replace("_", "-"), value) for name, value in attributes.items())
    return Html(f"<{tag}{shown}>" if tag in EMPTY else f"<{tag}{shown}>{_text(children)}</{tag}>")


def table(head: Sequence[str], rows: Iterable[Sequence[Child]]) -> Html:
    """A table, or a sentence if it has no rows."""
    listed = [element("tr", [element("td", cell) for cell in row]) for row in rows]
    if not listed:
        return element("p", "None.")
    names = element("tr", [element("th", name, scope="col") for name in head])
    return element("table", element("thead", names), element("tbody", listed))


def form(action: str, *fields: Child, button: str) -> Html:
    """A form that posts to an action of this server."""
    return element("form", fields, element("button", button), method="post", action=action)


def field(name: str, label: str, value: str | None = None, **attributes: str | bool | None) -> Html:
    """A labelled text field."""
    return element("label", label, " ", element("input", name=name, value=value or "", **attributes))


def document(title: str, *body: Child) -> str:
    """A whole page."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("title", title),
        element("meta", name="viewport", content="width=device-width"),
        element("link", rel="stylesheet", href="/page.css"),
    )
    return f"<!doctype html>{element('html', head, element('body', body), lang='en')}"


def _attribute(name: str, value: str | bool | None) -> str:
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{escape(value)}"'


def _text(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child
    if isinstance(child, str | int):
        return escape(str(child))
    return "".join(_text(each) for each in child)
