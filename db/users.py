"""Locks the users that a set of events affects, and updates their rows."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from clerk.text import search_key
from clerk.user import Deletion, Snapshot

COLUMNS = (
    "id, clerk_id, email, deleted_at, clerk_updated_at, claimed_email, email_verified, first_name, last_name, username,"
    " image_url, external_id, banned, banned_as_of, clerk_created_at"
)
LONGEST_SEARCH_KEY = 200
"""In characters; limited by the size of an index row."""


@dataclass(slots=True, unsafe_hash=True)
class StoredUser:
    """The row of a user: the last snapshot or the deletion, and the e-mail address that the user holds.

    Never changed, and not frozen, like Snapshot.
    """

    id: int
    state: Snapshot | Deletion
    email: str | None


@dataclass(frozen=True, slots=True)
class UserWrite:
    """The values to write to the row of a user."""

    state: Snapshot | Deletion
    email: str | None


def email_key(email: str) -> str:
    """The uniqueness key of an address: ASCII letters in lower case, like `lower(email collate "C")`."""
    return email.encode().lower().decode()


# The lateral join forces one index look-up per address. Without statistics of the expression, the planner would scan
# all users for each set of events.
_CLAIMANTS = """
    select claimant.id
    from unnest(%(keys)b::text[]) as wanted (key)
    cross join lateral (
        select id from users where lower(claimed_email collate "C") = wanted.key offset 0) as claimant
"""
_AFFECTED = f"select id from users where clerk_id = any(%(ids)b::text[]) union all {_CLAIMANTS}"  # noqa: S608 - constants only


def lock(
    connection: Connection, clerk_ids: Collection[str], email_keys: Collection[str], *, wait: bool = True
) -> list[StoredUser]:
    """Lock and read the users with these ids and those that claim one of the addresses, in the order of Clerk ids.

    Waits for rows locked by other transactions, or skips them with `wait=False`.
    """
    # Ordered by an expression: for the column itself, a plan made for an empty table scans the whole index.
    rows = connection.exec_driver_sql(
        f"""
        select {COLUMNS} from users where id = any(array({_AFFECTED})) order by clerk_id || ''
        for no key update {"" if wait else "skip locked"}
        """,  # noqa: S608 - constants only
        {"ids": list(clerk_ids), "keys": list(email_keys)},
    )
    return [_stored(*row) for row in rows]


def affected(connection: Connection, clerk_ids: Collection[str], email_keys: Collection[str]) -> set[int]:
    """The row ids of the users that `lock` would lock, without locking them."""
    rows = connection.exec_driver_sql(_AFFECTED, {"ids": list(clerk_ids), "keys": list(email_keys)})
    return set(rows.scalars())


def claimants(connection: Connection, email_keys: Collection[str]) -> set[int]:
    """The row ids of all users that claim one of the addresses."""
    return set(connection.exec_driver_sql(_CLAIMANTS, {"keys": list(email_keys)}).scalars())


def claims(connection: Connection, ids: Collection[int]) -> dict[str, str | None]:
    """The keys of the addresses that users claim, by Clerk id, without locking."""
    rows = connection.exec_driver_sql(
        'select clerk_id, lower(claimed_email collate "C") from users where id = any(%(ids)b::bigint[])',
        {"ids": list(ids)},
    )
    return dict(map(tuple, rows))


def update(connection: Connection, writes: Sequence[UserWrite]) -> None:
    """Update the rows of locked users. Rows whose indexed columns do not change are cheap to update."""
    connection.exec_driver_sql(
        """
        update users
        set email = new.email, deleted_at = new.deleted_at, clerk_updated_at = new.clerk_updated_at,
            claimed_email = new.claimed_email, email_verified = new.email_verified, first_name = new.first_name,
            last_name = new.last_name, username = new.username, image_url = new.image_url,
            external_id = new.external_id, banned = new.banned, banned_as_of = new.banned_as_of,
            clerk_created_at = new.clerk_created_at, search_keys = new.search_keys::jsonb,
            access_ended = users.access_ended and new.deleted_at is null, updated_at = statement_timestamp()
        from unnest(%(clerk_ids)b::text[], %(emails)b::text[], %(deletions)b::timestamptz[],
            %(versions)b::timestamptz[], %(claims)b::text[], %(verified)b::boolean[], %(first_names)b::text[],
            %(last_names)b::text[], %(usernames)b::text[], %(image_urls)b::text[], %(external_ids)b::text[],
            %(bans)b::boolean[], %(ban_versions)b::timestamptz[], %(creations)b::timestamptz[],
            %(search_keys)b::text[])
            as new (clerk_id, email, deleted_at, clerk_updated_at, claimed_email, email_verified, first_name, last_name,
                    username, image_url, external_id, banned, banned_as_of, clerk_created_at, search_keys)
        where users.clerk_id = new.clerk_id
        """,
        columns(writes),
    )


def end_access(connection: Connection, clerk_id: str) -> None:
    """End the access of a locked user whose deletion is held; a tombstone stays as it is."""
    connection.exec_driver_sql(
        """
        update users set access_ended = true, updated_at = statement_timestamp()
        where clerk_id = %s and deleted_at is null and not access_ended
        """,
        (clerk_id,),
    )


def restore_access(connection: Connection, clerk_ids: Collection[str]) -> None:
    """Restore the access of locked users that ended while their deletions were held."""
    connection.exec_driver_sql(
        """
        update users set access_ended = false, updated_at = statement_timestamp()
        where clerk_id = any(%(ids)b::text[]) and access_ended
        """,
        {"ids": list(clerk_ids)},
    )


def release_emails(connection: Connection, ids: Collection[int]) -> None:
    """Clear the e-mail addresses of locked users, so that other users can hold them in the same transaction."""
    connection.exec_driver_sql(
        "update users set email = null, updated_at = statement_timestamp() where id = any(%(ids)b::bigint[])",
        {"ids": list(ids)},
    )


def _stored(
    id: int,  # noqa: A002 - the column's name
    clerk_id: str,
    email: str | None,
    deleted_at: datetime | None,
    version: datetime,
    claimed_email: str | None,
    email_verified: bool | None,
    first_name: str | None,
    last_name: str | None,
    username: str | None,
    image_url: str | None,
    external_id: str | None,
    banned: bool,
    banned_as_of: datetime | None,
    created_at: datetime | None,
) -> StoredUser:
    """The user of a row with COLUMNS."""
    if deleted_at is not None:
        return StoredUser(id, Deletion(clerk_id=clerk_id, at=deleted_at), None)
    # Spelled out, because a million of these are made for a walk.
    snapshot = Snapshot(
        clerk_id=clerk_id,
        version=version,
        email=claimed_email,
        email_verified=email_verified,
        first_name=first_name,
        last_name=last_name,
        username=username,
        image_url=image_url,
        external_id=external_id,
        banned=banned,
        banned_as_of=banned_as_of,
        created_at=created_at,
    )
    return StoredUser(id, snapshot, email)


def columns(writes: Sequence[UserWrite]) -> dict[str, list[object]]:
    """The rows as one array per column."""
    living = [(write.state if isinstance(write.state, Snapshot) else None) for write in writes]
    return {
        "clerk_ids": [write.state.clerk_id for write in writes],
        "emails": [write.email for write in writes],
        "deletions": [write.state.at if isinstance(write.state, Deletion) else None for write in writes],
        "versions": [user and user.version for user in living],
        "claims": [user and user.email for user in living],
        "verified": [user and user.email_verified for user in living],
        "first_names": [user and user.first_name for user in living],
        "last_names": [user and user.last_name for user in living],
        "usernames": [user and user.username for user in living],
        "image_urls": [user and user.image_url for user in living],
        "external_ids": [user and user.external_id for user in living],
        "bans": [user is not None and user.banned for user in living],
        "ban_versions": [user and user.banned_as_of for user in living],
        "creations": [user and user.created_at for user in living],
        "search_keys": [user and search_keys(user) for user in living],
    }


def search_keys(user: Snapshot) -> str | None:
    """The search keys of texts that are not ASCII, as a JSON object by field name; None if all texts are ASCII.

    For ASCII text, the indexes compute the key.
    """
    first, last = user.first_name or "", user.last_name or ""
    texts = {
        "name": f"{first} {last}".lstrip(" "),
        "last_name": last,
        "username": user.username or "",
        "email": user.email or "",
    }
    keys = {name: search_key(text)[:LONGEST_SEARCH_KEY] for name, text in texts.items() if not text.isascii()}
    return json.dumps(keys, ensure_ascii=False) if keys else None


@dataclass(frozen=True, slots=True)
class LockedUser:
    """A user whose row this transaction has locked."""

    id: int
    deleted: bool
    now: datetime
    """The time by the database clock."""


def locked(connection: Connection, clerk_id: str) -> LockedUser | None:
    """The user, whose row must be locked already; None if the user is unknown."""
    rows = connection.exec_driver_sql(
        "select id, deleted_at is not null, now() from users where clerk_id = %s", (clerk_id,)
    )
    return next((LockedUser(*row) for row in rows), None)


def stored(connection: Connection, clerk_ids: Collection[str]) -> dict[str, StoredUser]:
    """The known users among these ids, by Clerk id, without locking them."""
    rows = connection.exec_driver_sql(
        f"""
        select known.*
        from unnest(%(ids)b::text[]) as asked (clerk_id)
        cross join lateral (select {COLUMNS} from users where users.clerk_id = asked.clerk_id offset 0) as known
        """,  # noqa: S608 - constants only
        {"ids": list(clerk_ids)},
    )
    found = (_stored(*row) for row in rows.all())
    return {user.state.clerk_id: user for user in found}


def living(connection: Connection) -> int:
    """The number of users that are not deleted. Reads all users."""
    return int(connection.exec_driver_sql("select count(*) from users where deleted_at is null").scalar_one())


def deleted_since(connection: Connection, since: datetime) -> int:
    """The number of users of whose deletion we learned since then."""
    found = connection.exec_driver_sql(
        "select count(*) from audit_log where action = 'user.deleted' and at >= %s", (since,)
    )
    return int(found.scalar_one())


def created_at(connection: Connection, clerk_id: str) -> datetime | None:
    """When a user was created at Clerk; None if the user or the time is unknown."""
    found = connection.exec_driver_sql("select clerk_created_at from users where clerk_id = %s", (clerk_id,))
    return found.scalar_one_or_none()


def created_before(connection: Connection, moment: datetime, most: int) -> list[str]:
    """The Clerk ids of up to `most` users created before a time at Clerk, newest first. Reads all users."""
    rows = connection.exec_driver_sql(
        """
        select clerk_id from users where clerk_created_at < %s and deleted_at is null
        order by clerk_created_at desc limit %s
        """,
        (moment, most),
    )
    return list(rows.scalars())
