"""Validated text options: reasons, names, notes and Clerk ids."""

from collections.abc import Callable

import click

from akako_guard.identifier import identifier
from roles import authorship


class TextParam(click.ParamType[str]):
    """Text that a rule validates and returns; a ValueError of the rule ends the command with exit code 2."""

    name = "text"

    def __init__(self, rule: Callable[[str], str]) -> None:
        self._rule = rule

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text as the rule returns it."""
        try:
            return self._rule(value)
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)


def _clerk_id(text: str) -> str:
    if identifier(text) is None:
        raise ValueError("give a Clerk id, like user_2abc: up to 255 visible ASCII characters")
    return text


REASON = TextParam(authorship.reason)
NAME = TextParam(authorship.operator)
NOTES = TextParam(authorship.notes)
CLERK_ID = TextParam(_clerk_id)
