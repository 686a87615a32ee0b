"""Compares two plans of moves from Keycloak."""

from dataclasses import dataclass

from sqlalchemy import Connection

_INSTANT = """'YYYY-MM-DD"T"HH24:MI:SS"Z"'"""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a plan says differently about a user than an earlier one."""

    keycloak_id: str
    kind: str
    """`new`, `gone`, `fate`, `reasons`, `disabled`, `enabled`, `password` or `roles`."""
    before: str | None
    after: str | None


# One row per user and kind of difference. A password that was set at another time counts as another one, and so does
# one with another authenticator app.
_DIFFERENCES = f"""
    with held as (
        select run_id, keycloak_id, string_agg(
            role || ' ' || to_char(starts_at at time zone 'UTC', {_INSTANT}) || '/'
            || coalesce(to_char(ends_at at time zone 'UTC', {_INSTANT}), '..'), ', ' order by role, starts_at) as roles
        from keycloak_windows where run_id in (%(before)s, %(after)s) group by run_id, keycloak_id
    ), old as (
        select * from keycloak_users left join held using (run_id, keycloak_id) where run_id = %(before)s
    ), new as (
        select * from keycloak_users left join held using (run_id, keycloak_id) where run_id = %(after)s
    )
    select keycloak_id, kind, before, after
    from old full join new using (keycloak_id) cross join lateral (values
        ('new', old.run_id is null, null, new.fate),
        ('gone', new.run_id is null, old.fate, null),
        ('fate', old.fate <> new.fate, old.fate, new.fate),
        ('reasons', old.fate = new.fate and array_remove(old.reasons, 'banned') <> array_remove(new.reasons, 'banned'),
         array_to_string(old.reasons, ', '), array_to_string(new.reasons, ', ')),
        ('disabled', old.fate = new.fate and 'banned' = any (new.reasons) and 'banned' <> all (old.reasons),
         null, 'banned'),
        ('enabled', old.fate = new.fate and 'banned' = any (old.reasons) and 'banned' <> all (new.reasons),
         'banned', null),
        ('password', (old.password_set_at, old.password_hasher, old.has_app, old.app_set_at) is distinct from
                     (new.password_set_at, new.password_hasher, new.has_app, new.app_set_at)
                     and old.fate = 'planned' and new.fate = 'planned',
         to_char(old.password_set_at at time zone 'UTC', {_INSTANT}),
         to_char(new.password_set_at at time zone 'UTC', {_INSTANT})),
        ('roles', old.fate = new.fate and old.roles is distinct from new.roles, old.roles, new.roles)
    ) as compared (kind, differs, before, after)
    where differs
"""  # noqa: S608 - constants only


# Sessions that fill tables look up single rows, and new rows have no statistics: either would make PostgreSQL compare
# two plans in quadratic time.
_WHOLE = """
    select set_config(name, value, true)
    from unnest('{enable_seqscan, enable_hashjoin, enable_mergejoin, enable_nestloop}'::text[],
                '{on, on, on, off}'::text[]) as setting (name, value)
"""


def counts(connection: Connection, before: int, after: int) -> dict[str, int]:
    """How many users two plans differ about, by kind. Reads both plans."""
    connection.exec_driver_sql(_WHOLE)
    rows = connection.exec_driver_sql(
        f"select kind, count(*) from ({_DIFFERENCES}) as found group by kind order by kind",  # noqa: S608 - constants only
        {"before": before, "after": after},
    )
    return {kind: users for kind, users in rows}  # noqa: C416 - type checkers do not treat a Row as a pair


def page(connection: Connection, before: int, after: int, most: int) -> list[Difference]:
    """Up to `most` differences between two plans, in the order of the users' ids. Reads both plans."""
    connection.exec_driver_sql(_WHOLE)
    rows = connection.exec_driver_sql(
        f"{_DIFFERENCES} order by keycloak_id, kind limit %(most)s",
        {"before": before, "after": after, "most": most},
    )
    return [Difference(*row) for row in rows]
