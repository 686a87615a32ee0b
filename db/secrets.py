"""Use of signing secrets: when each verified deliveries."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from db.vitals import SECRETS


@dataclass(frozen=True, slots=True)
class Use:
    """Use of one signing secret, which is identified by its fingerprint."""

    fingerprint: str
    first_at: datetime
    last_at: datetime
    lately: int
    """Number of deliveries in the requested number of days."""


def uses(connection: Connection, days: int) -> list[Use]:
    """Every secret that ever verified a stored delivery, most recently used first."""
    rows = connection.exec_driver_sql(
        f"""
        {SECRETS}
        select verified_by, seen.first_at, seen.last_at, lately.count
        from secrets
        cross join lateral (
            select min(received_at), max(received_at) from webhook_events as events
            where events.verified_by = secrets.verified_by
        ) as seen (first_at, last_at)
        cross join lateral (
            select count(*) from webhook_events as events
            where events.verified_by = secrets.verified_by and events.received_at >= now() - make_interval(days => %s)
        ) as lately (count)
        where secrets.verified_by is not null
        order by seen.last_at desc
        """,  # noqa: S608 - constants only
        (days,),
    )
    return [Use(*row) for row in rows]
