"""Deletions that wait for a person, and the count of those that were applied within the last hour.

Every transaction that applies, holds or decides about deletions locks the row `deletions` of the table `locks` first:
after the events, and before the users. What it reads and counts then stays true until it commits.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

LOCK = "select from locks where name = 'deletions' for update"
"""Locks the row that serialises transactions that delete users."""


SLOT = "extract(epoch from minute)::bigint / 60 %% 61"
"""The row of a minute among those of the last hour. `minute` is whole: a cast to bigint rounds."""


class LockMissing(Exception):
    """The table `locks` lacks its row `deletions`. As the owner, run: insert into akako.locks (name) values
    ('deletions')."""


class HoldKind(StrEnum):
    """How a deletion became known."""

    SIGNED = "signed"
    """By a delivery."""
    INFERRED = "inferred"
    """By reconciling: Clerk does not have the user any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHold:
    """A deletion to hold."""

    clerk_id: str
    cause: str
    """Svix id of the delivery, or what inferred the deletion."""
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A deletion that waits, or waited, for a person."""

    id: int
    clerk_id: str
    kind: HoldKind
    svix_id: str | None
    cause: str
    occurred_at: datetime
    """When the user was deleted."""
    held_at: datetime
    asked_at: datetime | None
    """When Clerk last answered whether it has the user."""
    exists_at_clerk: bool | None
    """What Clerk answered then; None if it was not asked yet."""
    confirmed_at: datetime | None
    """When Clerk first answered that the user is gone, which ended the user's access."""


@dataclass(frozen=True, slots=True)
class HeldEvent:
    """An event of a held deletion."""

    svix_id: str
    clerk_id: str
    occurred_at: datetime
    """When it occurred, or when it was received if that is unknown."""
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """What the limit depends on."""

    counted: int
    """Deletions of this kind that were applied within the last hour."""
    waiting: frozenset[str]
    """Users, of those asked about, with an open hold, or whose deletion was rejected before it was inferred again."""


COLUMNS = ", ".join(field.name for field in fields(Hold))


def lock(connection: Connection, *, wait: bool = True) -> bool:
    """Serialise with other transactions about deletions until this one ends; false if `wait=False` and one is busy."""
    locked = connection.exec_driver_sql(LOCK if wait else f"{LOCK} skip locked").rowcount == 1
    if wait and not locked:
        raise LockMissing(LockMissing.__doc__)
    return locked


def standing(connection: Connection, kind: HoldKind, clerk_ids: Collection[str]) -> Standing:
    """The deletions of the last hour, and the users among these that wait for a person. The lock must be held.

    Whole minutes are counted, so that the count covers between 60 and 61 minutes.
    """
    found = connection.exec_driver_sql(
        """
        select coalesce((select sum(deletions) from deletion_counts
                         where kind = %(kind)s
                           and minute >= date_trunc('minute', statement_timestamp()) - interval '60 minutes'), 0),
               array(select clerk_id from deletion_holds
                     where clerk_id = any(%(ids)b::text[])
                       and (ended_at is null or (outcome = 'rejected' and %(kind)s = 'inferred')))
        """,
        {"kind": kind.value, "ids": list(clerk_ids)},
    ).one()
    return Standing(int(found[0]), frozenset(found[1]))


def count(connection: Connection, kind: HoldKind, deletions: int) -> None:
    """Add to the deletions of this minute. The lock must be held."""
    connection.exec_driver_sql(
        f"""
        insert into deletion_counts as known (kind, slot, minute, deletions)
        select %(kind)s, {SLOT}, minute, %(deletions)s from date_trunc('minute', statement_timestamp()) as minute
        on conflict (kind, slot) do update
        set minute = excluded.minute,
            deletions = excluded.deletions
                + case when known.minute = excluded.minute then known.deletions else 0 end
        """,  # noqa: S608 - a constant
        {"kind": kind.value, "deletions": deletions},
    )


def add(connection: Connection, kind: HoldKind, holds: Sequence[NewHold]) -> None:
    """Hold deletions; one of a user with an open hold joins that one. The lock must be held."""
    connection.exec_driver_sql(
        """
        insert into deletion_holds (clerk_id, kind, svix_id, cause, occurred_at)
        select clerk_id, %(kind)s, case %(kind)s when 'signed' then cause end, cause, occurred_at
        from unnest(%(ids)b::text[], %(causes)b::text[], %(times)b::timestamptz[])
            as new (clerk_id, cause, occurred_at)
        on conflict (clerk_id) where ended_at is null do nothing
        """,
        {
            "kind": kind.value,
            "ids": [hold.clerk_id for hold in holds],
            "causes": [hold.cause for hold in holds],
            "times": [hold.occurred_at for hold in holds],
        },
    )


def open_of(connection: Connection, clerk_ids: Collection[str]) -> list[Hold]:
    """The open holds of these users."""
    rows = connection.exec_driver_sql(
        f"select {COLUMNS} from deletion_holds where clerk_id = any(%(ids)b::text[]) and ended_at is null",  # noqa: S608
        {"ids": list(clerk_ids)},
    )
    return [_hold(row) for row in rows]


def page(connection: Connection, most: int, after: int = 0, until: datetime | None = None) -> list[Hold]:
    """Up to `most` open holds with ids above `after`, oldest first; with `until`, only those held by then."""
    rows = connection.exec_driver_sql(
        f"""
        select {COLUMNS} from deletion_holds
        where ended_at is null and id > %(after)s and held_at <= coalesce(%(until)s, 'infinity'::timestamptz)
        order by id limit %(most)s
        """,  # noqa: S608
        {"after": after, "most": most, "until": until},
    )
    return [_hold(row) for row in rows]


def count_open(connection: Connection, most: int | None = None) -> int:
    """The number of open holds, counted up to `most`."""
    found = connection.exec_driver_sql(
        "select count(*) from (select from deletion_holds where ended_at is null limit %s) as few", (most,)
    )
    return int(found.scalar_one())


@dataclass(frozen=True, slots=True)
class HoldCount:
    """How many deletions are held for the same reason."""

    kind: HoldKind
    exists_at_clerk: bool | None
    """What Clerk answered last; None if it was not asked yet."""
    deletions: int


def counts(connection: Connection, most: int) -> list[HoldCount]:
    """The number of open holds, up to `most`, by how the deletion became known and what Clerk says."""
    rows = connection.exec_driver_sql(
        """
        select kind, exists_at_clerk, count(*)
        from (select kind, exists_at_clerk from deletion_holds where ended_at is null limit %s) as few
        group by kind, exists_at_clerk order by count(*) desc, kind, exists_at_clerk
        """,
        (most,),
    )
    return [HoldCount(HoldKind(kind), exists, count) for kind, exists, count in rows]


def to_confirm(connection: Connection, most: int, again_seconds: float) -> list[str]:
    """The Clerk ids of up to `most` open holds that Clerk has not confirmed; those not asked about longest first.

    Skips those that Clerk was asked about within the last `again_seconds`, also without an answer.
    """
    rows = connection.exec_driver_sql(
        """
        select clerk_id from deletion_holds
        where ended_at is null and confirmed_at is null
          and coalesce(greatest(asked_at, tried_at), '-infinity') <= now() - make_interval(secs => %s)
        order by greatest(asked_at, tried_at) nulls first, id limit %s
        """,
        (again_seconds, most),
    )
    return list(rows.scalars())


def note_tried(connection: Connection, clerk_id: str) -> None:
    """Record that Clerk was asked about the user of an open hold, and did not answer."""
    connection.exec_driver_sql(
        "update deletion_holds set tried_at = statement_timestamp() where clerk_id = %s and ended_at is null",
        (clerk_id,),
    )


def forget_answers(connection: Connection) -> list[str]:
    """Forget what an instance answered about open holds; returns the Clerk ids. The lock must be held."""
    found = connection.exec_driver_sql(
        """
        update deletion_holds set asked_at = null, exists_at_clerk = null, confirmed_at = null, tried_at = null
        where ended_at is null returning clerk_id
        """
    )
    return list(found.scalars())


@dataclass(frozen=True, slots=True)
class HeldAtClerk:
    """How many users with an open hold Clerk does not have, and of how many that is not known."""

    gone: int
    unknown: int


def open_at_clerk(connection: Connection) -> HeldAtClerk:
    """What Clerk answered last about the users with an open hold."""
    row = connection.exec_driver_sql(
        """
        select count(*) filter (where not exists_at_clerk), count(*) filter (where exists_at_clerk is null)
        from deletion_holds where ended_at is null
        """
    ).one()
    return HeldAtClerk(*row)


def note_exists(connection: Connection, clerk_id: str) -> None:
    """Record that Clerk has the user of an open hold."""
    connection.exec_driver_sql(
        """
        update deletion_holds set asked_at = statement_timestamp(), exists_at_clerk = true
        where clerk_id = %s and ended_at is null
        """,
        (clerk_id,),
    )


def note_confirmed(connection: Connection, clerk_id: str) -> str | None:
    """Record that Clerk does not have the user of an open hold; returns its cause, or None if there is no such hold."""
    noted = connection.exec_driver_sql(
        """
        update deletion_holds
        set asked_at = statement_timestamp(), exists_at_clerk = false,
            confirmed_at = coalesce(confirmed_at, statement_timestamp())
        where clerk_id = %s and ended_at is null
        returning cause
        """,
        (clerk_id,),
    )
    return noted.scalar_one_or_none()


def end(connection: Connection, clerk_ids: Collection[str], outcome: str) -> None:
    """End open holds as `released` or `rejected`, by the author of the transaction and with the author's reason."""
    connection.exec_driver_sql(
        """
        update deletion_holds
        set ended_at = statement_timestamp(), outcome = %(outcome)s, ended_by = akako_actor(),
            reason = akako_said('reason')
        where clerk_id = any(%(ids)b::text[]) and ended_at is null
        """,
        {"outcome": outcome, "ids": list(clerk_ids)},
    )


def lock_events(connection: Connection, clerk_ids: Collection[str]) -> list[HeldEvent]:
    """Lock the held events of these users, in the order of their ids."""
    rows = connection.exec_driver_sql(
        """
        select svix_id, clerk_user_id, coalesce(occurred_at, received_at), received_at
        from webhook_events where clerk_user_id = any(%(ids)b::text[]) and status = 'held'
        order by svix_id for no key update
        """,
        {"ids": list(clerk_ids)},
    )
    return [HeldEvent(*row) for row in rows]


def event_ids(connection: Connection, clerk_ids: Collection[str]) -> frozenset[str]:
    """The svix ids of the held events of these users, without locking them."""
    rows = connection.exec_driver_sql(
        "select svix_id from webhook_events where clerk_user_id = any(%(ids)b::text[]) and status = 'held'",
        {"ids": list(clerk_ids)},
    )
    return frozenset(rows.scalars())


def _hold(row: Any) -> Hold:
    return Hold(**{**row._asdict(), "kind": HoldKind(row.kind)})
