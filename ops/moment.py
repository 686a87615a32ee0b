"""Times on the command line, and in tables."""

from datetime import UTC, datetime

import click

from db import clock
from ops.connection import transaction


class Moment(click.ParamType[datetime]):
    """An ISO 8601 time with its zone, or `now`."""

    name = "time"

    def convert(self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The instant, in UTC."""
        if isinstance(value, datetime):
            return value
        try:
            moment = _now() if value == "now" else datetime.fromisoformat(value.upper())
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            self.fail(
                f"{value} is no time with a zone; write 2026-09-01T08:00:00Z or 2026-09-01T10:00+02:00", param, ctx
            )
        return moment.astimezone(UTC)


def _now() -> datetime:
    """By the database's clock, which decides what is held now."""
    with transaction() as connection:
        return clock.now(connection)


MOMENT = Moment()


def written(moment: datetime | None, otherwise: str = "") -> str:
    """A time for people, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if moment else otherwise
