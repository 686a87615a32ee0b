"""What a newer plan changes about users that were imported already.

Each user is compared with the plan that was carried out last: `synced_run_id`, or else that of the given windows. Its
roles are compared with those of `roles_run_id` if only the roles of a plan were carried out.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection

from akako_guard.role import Role
from clerk.text import storable
from db.keycloak_plans import Run
from db.person_changes import BY_PERSON

IMPORTED = "imported: keycloak"
"""How `assigned_by` of a role begins that was given because Keycloak has it."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a plan changes about an imported user."""

    keycloak_id: str
    clerk_id: str
    ended: frozenset[Role]
    """Roles that Keycloak ended."""
    given: frozenset[Role]
    """Roles that Keycloak gave."""
    password: bool
    """Whether the password or the authenticator app is another one."""
    app_removed: bool
    was_banned: bool
    banned: bool


def _open(run: str) -> str:
    return f"""
        select role from keycloak_windows as held
        where held.run_id = {run} and held.keycloak_id = imports.keycloak_id and held.ends_at is null
    """  # noqa: S608 - constants only


_OLD_ROLES, _NEW_ROLES = _open("coalesce(imports.roles_run_id, old.run_id)"), _open("new.run_id")


_CHANGES = f"""
    select * from (
        select imports.keycloak_id, imports.clerk_id,
               array({_OLD_ROLES} except {_NEW_ROLES}) as ended, array({_NEW_ROLES} except {_OLD_ROLES}) as given,
               (old.password_set_at, old.password_hasher, old.has_app, old.app_set_at) is distinct from
                   (new.password_set_at, new.password_hasher, new.has_app, new.app_set_at) as password,
               old.has_app and not new.has_app as app_removed,
               'banned' = any (old.reasons) as was_banned, 'banned' = any (new.reasons) as banned
        from keycloak_imports as imports
        join keycloak_users as new on new.run_id = %(run)s and new.keycloak_id = imports.keycloak_id
        join keycloak_users as old on old.run_id = coalesce(imports.synced_run_id, imports.given_run_id)
         and old.keycloak_id = imports.keycloak_id
        where imports.realm = %(realm)s and imports.state = 'applied' and new.fate = 'planned'
          and old.run_id < new.run_id
          and (%(ids)b::text[] is null or imports.keycloak_id = any(%(ids)b::text[]))
    ) as compared
    where ended <> '{{}}' or given <> '{{}}' or password or was_banned <> banned
"""  # noqa: S608 - constants only


def find(connection: Connection, run: Run, keycloak_ids: Collection[str]) -> dict[str, Change]:
    """What a plan changes about those of these users that were imported, by id in Keycloak."""
    rows = connection.exec_driver_sql(
        _CHANGES,
        {"run": run.id, "realm": storable(run.realm), "ids": [storable(each) for each in keycloak_ids]},
    )
    return {
        row.keycloak_id: Change(
            **row._asdict() | {"ended": frozenset(map(Role, row.ended)), "given": frozenset(map(Role, row.given))}
        )
        for row in rows
    }


def counts(connection: Connection, run: Run) -> dict[str, int]:
    """How many imported users a plan changes, by kind of change. Reads all imported users of the realm."""
    rows = connection.exec_driver_sql(
        f"""
        select kind, count(*) from (
            select unnest(array_remove(array[
                case when ended <> '{{}}' then 'role_ended' end, case when given <> '{{}}' then 'role_given' end,
                case when password then 'password' end, case when banned and not was_banned then 'disabled' end,
                case when was_banned and not banned then 'enabled' end], null)) as kind
            from ({_CHANGES}) as changed
            union all
            select case when new.run_id is null then 'gone' else 'not_planned' end
            from keycloak_imports as imports left join keycloak_users as new
              on new.run_id = %(run)s and new.keycloak_id = imports.keycloak_id
            where imports.realm = %(realm)s and imports.state = 'applied' and new.fate is distinct from 'planned'
        ) as found group by kind order by kind
        """,  # noqa: S608 - constants only
        {"run": run.id, "realm": storable(run.realm), "ids": None},
    )
    return {kind: users for kind, users in rows}  # noqa: C416 - type checkers do not treat a Row as a pair


def total(connection: Connection, run: Run) -> int:
    """How many imported users a plan changes."""
    found = connection.exec_driver_sql(
        f"select count(*) from ({_CHANGES}) as changed",  # noqa: S608 - constants only
        {"run": run.id, "realm": storable(run.realm), "ids": None},
    )
    return int(found.scalar_one())


def changed_here(connection: Connection, clerk_id: str) -> set[Role]:
    """The roles of a user that a person changed with us, since the import."""
    rows = connection.exec_driver_sql(
        f"""
        select distinct role from audit_log
        where user_id = (select id from users where clerk_id = %(clerk_id)s) and role is not null and {BY_PERSON}
        """,  # noqa: S608 - constants only
        {"clerk_id": clerk_id},
    )
    return {Role(role) for role in rows.scalars()}


def imported(connection: Connection, clerk_id: str, roles: Collection[Role]) -> dict[int, Role]:
    """The assignments of these roles in force that the import gave to a user, by id."""
    rows = connection.exec_driver_sql(
        """
        select user_roles.id, role from user_roles join users on users.id = user_id
        where clerk_id = %(clerk_id)s and role = any(%(roles)b::text[]) and is_active
          and assigned_by like %(imported)s order by user_roles.id
        """,
        {"clerk_id": clerk_id, "roles": [role.value for role in roles], "imported": f"{IMPORTED}%"},
    )
    return {assignment: Role(role) for assignment, role in rows}


def give(connection: Connection, run: Run, change: Change, roles: Collection[Role]) -> set[Role]:
    """Give a user planned roles from now on; returns those given, without those in force already."""
    rows = connection.exec_driver_sql(
        """
        insert into user_roles (user_id, role, effective_start_date, assigned_by, reason)
        select users.id, role, now(), %(imported)s || coalesce(' ' || given_by, ''),
               format('Plan %%s of the move from Keycloak: %%s. Given there after the import.', run_id, path)
        from keycloak_windows as held join users on users.clerk_id = %(clerk_id)s and users.deleted_at is null
        where run_id = %(run)s and keycloak_id = %(key)s and ends_at is null and role = any(%(roles)b::text[])
          and not exists (
              select from user_roles as present
              where present.user_id = users.id and present.role = held.role and present.is_active
                and coalesce(present.effective_end_date, 'infinity') > now())
        returning role
        """,
        {
            "imported": IMPORTED,
            "clerk_id": change.clerk_id,
            "run": run.id,
            "key": storable(change.keycloak_id),
            "roles": [role.value for role in roles],
        },
    )
    return {Role(role) for role in rows.scalars()}


def synced(connection: Connection, run: Run, keycloak_id: str) -> None:
    """Record that what a plan changes about a user was carried out."""
    connection.exec_driver_sql(
        """
        update keycloak_imports set synced_run_id = %s, roles_run_id = null, changed_at = now()
        where realm = %s and keycloak_id = %s and state = 'applied'
        """,
        (run.id, storable(run.realm), storable(keycloak_id)),
    )


def roles_synced(connection: Connection, run: Run, keycloak_id: str) -> None:
    """Record that a user has the roles of a plan, of which the rest is yet to be carried out."""
    connection.exec_driver_sql(
        "update keycloak_imports set roles_run_id = %s where realm = %s and keycloak_id = %s and state = 'applied'",
        (run.id, storable(run.realm), storable(keycloak_id)),
    )
