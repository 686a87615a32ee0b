"""Adds new users with their default role in one statement, because a first login waits for it."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from akako_guard.role import Role
from clerk.user import Snapshot
from db.users import UserWrite, columns


def add(connection: Connection, writes: Iterable[UserWrite], role: Role) -> dict[str, int]:
    """Add users; returns the new row ids by Clerk id, without users that another transaction added in the meantime.

    Users that are not deleted get this role from their creation at Clerk on, or from now if that is in the future. A
    user that an import from Keycloak created gets the windows of its plan instead.
    """
    rows = sorted(writes, key=lambda write: write.state.clerk_id)
    imported = [each for write in rows if isinstance(each := write.state, Snapshot) and each.import_marker]
    added = connection.exec_driver_sql(
        """
        with added as (
            insert into users (clerk_id, email, deleted_at, clerk_updated_at, claimed_email, email_verified, first_name,
                               last_name, username, image_url, external_id, banned, banned_as_of, clerk_created_at,
                               search_keys)
            select clerk_id, email, deleted_at, clerk_updated_at, claimed_email, email_verified, first_name, last_name,
                   username, image_url, external_id, banned, banned_as_of, clerk_created_at, search_keys::jsonb
            from unnest(%(clerk_ids)b::text[], %(emails)b::text[], %(deletions)b::timestamptz[],
                %(versions)b::timestamptz[], %(claims)b::text[], %(verified)b::boolean[], %(first_names)b::text[],
                %(last_names)b::text[], %(usernames)b::text[], %(image_urls)b::text[], %(external_ids)b::text[],
                %(bans)b::boolean[], %(ban_versions)b::timestamptz[], %(creations)b::timestamptz[],
                %(search_keys)b::text[])
                as new (clerk_id, email, deleted_at, clerk_updated_at, claimed_email, email_verified, first_name,
                        last_name, username, image_url, external_id, banned, banned_as_of, clerk_created_at,
                        search_keys)
            on conflict (clerk_id) do nothing
            returning clerk_id, id, deleted_at, coalesce(clerk_created_at, clerk_updated_at) as since),
        given as (
            insert into user_roles (user_id, role, effective_start_date, assigned_by, reason)
            select id, %(role)s, least(since, now()), 'akako', 'The default role of a new user.'
            from added where deleted_at is null and clerk_id <> all(%(imported)b::text[]))
        select clerk_id, id from added
        """,
        {**columns(rows), "role": role.value, "imported": [each.clerk_id for each in imported]},
    )
    ids = {clerk_id: row_id for clerk_id, row_id in added}  # noqa: C416 - type checkers do not treat a Row as a pair
    if imported:
        _give_planned(connection, [each for each in imported if each.clerk_id in ids], role)
    return ids


def _give_planned(connection: Connection, users: Sequence[Snapshot], role: Role) -> None:
    """Give each user the windows that were planned for it, or the default role if no import is known to create it."""
    connection.exec_driver_sql(
        """
        with given as materialized (
            select clerk_id from akako_give_planned(%(ids)b::text[], %(external_ids)b::text[], %(markers)b::text[])
                as taken (clerk_id))
        insert into user_roles (user_id, role, effective_start_date, assigned_by, reason)
        select id, %(role)s, least(coalesce(clerk_created_at, clerk_updated_at), now()), 'akako',
               'The default role of a new user.'
        from users where clerk_id = any(%(ids)b::text[]) and clerk_id not in (select clerk_id from given)
        """,
        {
            "ids": [user.clerk_id for user in users],
            "external_ids": [user.external_id for user in users],
            "markers": [user.import_marker for user in users],
            "role": role.value,
        },
    )
