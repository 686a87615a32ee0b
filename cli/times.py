"""Parses times of options, and formats times for tables."""

from datetime import datetime

import click

from cli.connection import transaction
from db import clock
from roles import times


class TimeParam(click.ParamType[datetime]):
    """An ISO 8601 time with its zone, or `now`."""

    name = "time"

    def convert(self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The instant, in UTC."""
        if isinstance(value, datetime):
            return value
        if value == "now":
            return _now()
        try:
            return times.read(value)
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)


def _now() -> datetime:
    """The current time of the database clock, which decides which roles are held."""
    with transaction() as connection:
        return clock.now(connection)


MOMENT = TimeParam()


def check_range(since: datetime | None, until: datetime | None, names: str = "--since must be before --until") -> None:
    """Raise UsageError for an empty range."""
    if since and until and since >= until:
        raise click.UsageError(f"{names}: {times.write(since)} is not before {times.write(until)}.")


def formatted(moment: datetime | None, otherwise: str = "") -> str:
    """A time for a table: in UTC, in the format that options accept, never truncated."""
    return times.write(moment) if moment else otherwise
