"""New users, each with the first role, in one statement: it is the one that somebody waits for at the first login."""

from collections.abc import Iterable

from sqlalchemy import Connection

from config.role import Role
from db.users import UserWrite, columns


def add(connection: Connection, holdings: Iterable[UserWrite], role: Role) -> dict[str, int]:
    """Add users; the row ids by Clerk's id, without those that somebody else added in the meantime.

    The living get this role, each from its own time on, or from now if that is still to come.
    """
    rows = sorted(holdings, key=lambda holding: holding.state.clerk_id)
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
            from added where deleted_at is null)
        select clerk_id, id from added
        """,
        {**columns(rows), "role": role.value},
    )
    return {clerk_id: row_id for clerk_id, row_id in added}  # noqa: C416 - a Row is no pair to a type checker
