"""Compares what a plan says about users of Keycloak with what is stored about them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from clerk.text import storable
from db.keycloak_imports import State
from db.keycloak_plans import Run


@dataclass(frozen=True, slots=True)
class Record:
    """A user of a plan, and how far the import is."""

    keycloak_id: str
    fate: str
    state: State
    reason: str | None
    clerk_id: str | None
    changed_at: datetime | None
    marker: str | None
    """That the user has at Clerk; None if nothing was sent."""


@dataclass(frozen=True, slots=True)
class RoleDifference:
    """A window that is not as it was planned."""

    keycloak_id: str
    kind: str
    """`role_missing`, `role_added` or `role_end`."""
    detail: str
    explained: bool
    """Whether it was changed here after the import."""


def records(connection: Connection, run: Run, keycloak_ids: Collection[str]) -> dict[str, Record]:
    """What a plan says about these users, by id."""
    rows = connection.exec_driver_sql(
        """
        select planned.keycloak_id, fate, coalesce(state, 'planned') as state, imports.reason, clerk_id, changed_at,
               marked.marker
        from keycloak_users as planned
        left join keycloak_imports as imports
          on imports.realm = %(realm)s and imports.keycloak_id = planned.keycloak_id
        left join keycloak_runs as marked on marked.id = imports.run_id
        where planned.run_id = %(run)s and planned.keycloak_id = any(%(ids)b::text[])
        """,
        {"run": run.id, "realm": storable(run.realm), "ids": list(keycloak_ids)},
    )
    found = (Record(**row._asdict() | {"state": State(row.state)}) for row in rows)
    return {record.keycloak_id: record for record in found}


def role_differences(connection: Connection, run: Run, keycloak_ids: Collection[str]) -> list[RoleDifference]:
    """The windows of imported users among these that are not those that were given, or were not given."""
    rows = connection.exec_driver_sql(
        """
        with imported as (
            select keycloak_id, given_run_id, clerk_id from keycloak_imports
            where realm = %(realm)s and keycloak_id = any(%(ids)b::text[]) and state = 'applied'
        ), given as (
            select keycloak_id, role, starts_at, ends_at
            from imported join keycloak_windows using (keycloak_id) where run_id = given_run_id
        ), held as (
            select keycloak_id, role, effective_start_date as starts_at, effective_end_date as ended_at,
                   user_roles.id, assigned_by
            from imported join users using (clerk_id) join user_roles on user_id = users.id
        )
        select keycloak_id,
               case when id is null then 'role_missing' when was_given is null then 'role_added'
                    else 'role_end' end,
               role || ' from ' || to_char(starts_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
               || coalesce(' by ' || assigned_by, ''),
               case when id is null then false
                    when was_given is null then assigned_by <> 'akako'
                         and (assigned_by not like 'imported: keycloak%%'
                              or exists (select from audit_log where user_role_id = held.id
                                         and action = 'role.assigned' and actor = 'keycloak'))
                    else exists (select from audit_log where user_role_id = held.id
                                 and action not in ('role.assigned', 'role.expired')) end
        from (select *, true as was_given from given) as given
        full join held using (keycloak_id, role, starts_at)
        where id is null or was_given is null or ended_at is distinct from ends_at
        order by keycloak_id, role, starts_at
        """,
        {"realm": storable(run.realm), "ids": list(keycloak_ids)},
    )
    return [RoleDifference(*row) for row in rows]


def strays(connection: Connection, run: Run, users: Sequence[tuple[str, str | None, str]]) -> set[str]:
    """The Clerk ids of users that an import of the realm created, and that it does not record.

    Each user is given as Clerk id, external id and marker.
    """
    rows = connection.exec_driver_sql(
        """
        select said.clerk_id
        from unnest(%(ids)b::text[], %(external_ids)b::text[], %(markers)b::text[])
             as said (clerk_id, external_id, marker)
        join keycloak_runs as marked on marked.marker = said.marker and marked.realm = %(realm)s
        left join keycloak_imports as imports
          on imports.realm = %(realm)s and imports.keycloak_id = said.external_id and imports.clerk_id = said.clerk_id
        where imports.realm is null
        """,
        {
            "realm": storable(run.realm),
            "ids": [clerk_id for clerk_id, _, _ in users],
            "external_ids": [external_id for _, external_id, _ in users],
            "markers": [marker for _, _, marker in users],
        },
    )
    return set(rows.scalars())


@dataclass(frozen=True, slots=True)
class GoneUser:
    """A user that an earlier run created, or may have created, and that the plan does not have."""

    keycloak_id: str
    state: State
    roles: list[str]
    """Those in force, but for roles that a person assigned."""


def gone(connection: Connection, run: Run, most: int, after: str) -> list[GoneUser]:
    """Up to `most` users that an earlier run created, or may have created, and that the plan does not have.

    In the order of their ids, after one of them.
    """
    rows = connection.exec_driver_sql(
        """
        select keycloak_id, state, array(
            select role from users join user_roles on user_id = users.id
            where clerk_id = imports.clerk_id and deleted_at is null and is_active
              and coalesce(effective_end_date, 'infinity') > now()
              and (assigned_by = 'akako' or assigned_by like 'imported: keycloak%%') order by role)
        from keycloak_imports as imports
        where realm = %s and keycloak_id > %s and state in ('creating', 'created', 'applied', 'undoing')
          and not exists (
            select from keycloak_users as planned
            where planned.run_id = %s and planned.keycloak_id = imports.keycloak_id)
        order by keycloak_id limit %s
        """,
        (storable(run.realm), after, run.id, most),
    )
    return [GoneUser(keycloak_id, State(state), roles) for keycloak_id, state, roles in rows]
