"""Draws pictures as SVG: geometry in attributes, colours by class, so that the policy needs no inline styles."""

from markupsafe import Markup


def number(value: float) -> str:
    """A coordinate, with one decimal at most."""
    return f"{value:.1f}".removesuffix(".0")


def element(tag: str, *children: Markup, **attributes: str | float | None) -> Markup:
    """An element with escaped attributes: `class_` is `class`, `view_box` is `viewBox`; None omits an attribute."""
    shown = Markup("").join(
        Markup(' {}="{}"').format(
            "viewBox" if name == "view_box" else name.rstrip("_").replace("_", "-"),
            value if isinstance(value, str) else number(value),
        )
        for name, value in attributes.items()
        if value is not None
    )
    name = Markup(tag)  # noqa: S704 - a constant
    return Markup("<{0}{1}>{2}</{0}>").format(name, shown, Markup("").join(children))


def text(content: str, x: float, y: float, **attributes: str | float | None) -> Markup:
    """A text; its content is escaped."""
    return element("text", Markup("{}").format(content), x=x, y=y, **attributes)
