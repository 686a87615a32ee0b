"""Which signing secret verified what, and when."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from db.vitals import SECRETS


@dataclass(frozen=True, slots=True)
class Use:
    """What one signing secret verified. Secrets are known by their fingerprints."""

    fingerprint: str
    first_at: datetime
    last_at: datetime
    lately: int
    """Deliveries in the days asked for."""


def uses(connection: Connection, days: int) -> list[Use]:
    """Every secret that ever verified a kept delivery, the one used last first."""
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
        """,  # noqa: S608 - a constant of ours
        (days,),
    )
    return [Use(*row) for row in rows]
