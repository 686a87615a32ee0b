"""Kinds of reasons: why events failed or were set aside, without the parts that differ from event to event.

An index has the kinds, of which there are few, so that reasons are searched and counted without reading all events.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

KIND = r"left(regexp_replace(left(last_error, 400), '\w*\d[\w:.+-]*\w|\w*\d', '*', 'g'), 200)"
"""The expression of the index: words with digits, such as ids, times and numbers, are replaced by `*`."""
MOST_KINDS = 500
MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many events of one status have one kind of reason."""

    kind: str
    events: int
    """More than `MOST_COUNTED` are not counted exactly."""


# Loose index scan over (status, kind).
_KINDS = f"""
    with recursive kinds (status, kind) as (
        (select status, {KIND} from webhook_events
         where last_error is not null and status >= %(first)s order by status, {KIND} limit 1)
        union all
        select next.* from kinds cross join lateral (
            select status, {KIND} from webhook_events
            where last_error is not null and (status, {KIND}) > (kinds.status, kinds.kind)
            order by status, {KIND} limit 1) as next
        where kinds.status <= %(last)s
    )
"""  # noqa: S608 - constants only
_ALL = {"first": "", "last": chr(1114111)}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of reason of the events with one status."""

    status: str
    kind: str


def containing(connection: Connection, text: str) -> list[Kind] | None:
    """The kinds whose reasons may contain a text, case-insensitive; None if there are too many."""
    rows = connection.exec_driver_sql(
        f"""
        {_KINDS}
        select status, kind from kinds
        where kind like '%%*%%' or length(kind) = 200 or strpos(lower(kind), lower(%(text)s)) > 0
        limit {MOST_KINDS + 1}
        """,  # noqa: S608
        {"text": text, **_ALL},
    )
    kinds = [Kind(*row) for row in rows]
    return kinds if len(kinds) <= MOST_KINDS else None


def count(connection: Connection, status: str, most: int = 20) -> list[ReasonCount]:
    """The kinds of reasons of the events with a status, the most frequent first."""
    return _count(connection, "true", {"first": status, "last": status, "most": most})


def count_matching(
    connection: Connection, where: str, parameters: Mapping[str, object], most: int
) -> list[ReasonCount]:
    """The kinds of reasons of the events that meet a condition, the most frequent first."""
    return _count(connection, where, {**parameters, **_ALL, "most": most})


def _count(connection: Connection, where: str, parameters: Mapping[str, object]) -> list[ReasonCount]:
    rows = connection.exec_driver_sql(
        f"""
        {_KINDS}
        select kind, sum(counted.events)::bigint as events
        from (select * from kinds where status <= %(last)s limit {MOST_KINDS}) as kinds
        cross join lateral (
            select count(*) as events from (
                select from webhook_events
                where last_error is not null and status = kinds.status and {KIND} = kinds.kind and {where}
                limit {MOST_COUNTED + 1}) as few) as counted
        group by kind having sum(counted.events) > 0
        order by events desc, kind limit %(most)s
        """,  # noqa: S608
        dict(parameters),
    )
    return [ReasonCount(*row) for row in rows]
