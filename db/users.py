"""The users: lock the ones that a set of events touches, and write what was decided of those that are there."""

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
_SAID = (
    "email", "email_verified", "first_name", "last_name", "username", "image_url", "external_id", "banned",
    "banned_as_of", "created_at",
)  # fmt: skip
LONGEST_SEARCH_KEY = 200
"""In characters: what a row of an index has room for."""


@dataclass(frozen=True, slots=True)
class StoredUser:
    """A user's row: what Clerk last said (or that the user is gone), and the e-mail address the user holds."""

    id: int
    state: Snapshot | Deletion
    email: str | None


@dataclass(frozen=True, slots=True)
class UserWrite:
    """What a user's row should say."""

    state: Snapshot | Deletion
    email: str | None


def email_key(email: str) -> str:
    """What makes two addresses one: the same as `lower(email collate "C")`, ASCII letters in lower case."""
    return email.encode().lower().decode()


# A look-up for each address, whatever the planner believes of their number: a scan of all users for each set of events
# is what it chooses for an expression that it has no statistics of.
_CLAIMANTS = """
    select claimant.id
    from unnest(%(keys)b::text[]) as wanted (key)
    cross join lateral (
        select id from users where lower(claimed_email collate "C") = wanted.key offset 0) as claimant
"""
_CONCERNED = f"select id from users where clerk_id = any(%(ids)b::text[]) union all {_CLAIMANTS}"  # noqa: S608 - ours


def lock(
    connection: Connection, clerk_ids: Collection[str], email_keys: Collection[str], *, wait: bool = True
) -> list[StoredUser]:
    """Lock the users named and those that claim one of the addresses, in the order of Clerk's ids, and read them.

    Those that others hold are waited for, or left.
    """
    # Ordered by an expression: by the column alone, a plan made while there was nobody walks all users in its index.
    rows = connection.exec_driver_sql(
        f"""
        select {COLUMNS} from users where id = any(array({_CONCERNED})) order by clerk_id || ''
        for no key update {"" if wait else "skip locked"}
        """,  # noqa: S608 - constants of ours
        {"ids": list(clerk_ids), "keys": list(email_keys)},
    )
    return [_stored(*row) for row in rows]


def affected(connection: Connection, clerk_ids: Collection[str], email_keys: Collection[str]) -> set[int]:
    """The row ids of the users that `lock` is about, without locking anybody."""
    rows = connection.exec_driver_sql(_CONCERNED, {"ids": list(clerk_ids), "keys": list(email_keys)})
    return set(rows.scalars())


def claimants(connection: Connection, email_keys: Collection[str]) -> set[int]:
    """The row ids of all users that claim one of the addresses."""
    return set(connection.exec_driver_sql(_CLAIMANTS, {"keys": list(email_keys)}).scalars())


def claims(connection: Connection, ids: Collection[int]) -> dict[str, str | None]:
    """The keys of the addresses that users claim, by Clerk's id, without locking anybody."""
    rows = connection.exec_driver_sql(
        'select clerk_id, lower(claimed_email collate "C") from users where id = any(%(ids)b::bigint[])',
        {"ids": list(ids)},
    )
    return dict(map(tuple, rows))


def update(connection: Connection, holdings: Sequence[UserWrite]) -> None:
    """Write the rows of users that are locked; one whose indexed columns stay costs little."""
    connection.exec_driver_sql(
        """
        update users
        set email = new.email, deleted_at = new.deleted_at, clerk_updated_at = new.clerk_updated_at,
            claimed_email = new.claimed_email, email_verified = new.email_verified, first_name = new.first_name,
            last_name = new.last_name, username = new.username, image_url = new.image_url,
            external_id = new.external_id, banned = new.banned, banned_as_of = new.banned_as_of,
            clerk_created_at = new.clerk_created_at, search_keys = new.search_keys::jsonb,
            updated_at = statement_timestamp()
        from unnest(%(clerk_ids)b::text[], %(emails)b::text[], %(deletions)b::timestamptz[],
            %(versions)b::timestamptz[], %(claims)b::text[], %(verified)b::boolean[], %(first_names)b::text[],
            %(last_names)b::text[], %(usernames)b::text[], %(image_urls)b::text[], %(external_ids)b::text[],
            %(bans)b::boolean[], %(ban_versions)b::timestamptz[], %(creations)b::timestamptz[],
            %(search_keys)b::text[])
            as new (clerk_id, email, deleted_at, clerk_updated_at, claimed_email, email_verified, first_name, last_name,
                    username, image_url, external_id, banned, banned_as_of, clerk_created_at, search_keys)
        where users.clerk_id = new.clerk_id
        """,
        columns(holdings),
    )


def release_emails(connection: Connection, ids: Collection[int]) -> None:
    """Let locked users hold no e-mail address, so that another may hold it in the same transaction."""
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
    *said: object,
) -> StoredUser:
    if deleted_at is not None:
        return StoredUser(id, Deletion(clerk_id=clerk_id, at=deleted_at), None)
    snapshot = Snapshot(clerk_id=clerk_id, version=version, **dict(zip(_SAID, said, strict=True)))  # type: ignore[arg-type]
    return StoredUser(id, snapshot, email)


def columns(holdings: Sequence[UserWrite]) -> dict[str, list[object]]:
    """The rows as one array a column."""
    living = [(holding.state if isinstance(holding.state, Snapshot) else None) for holding in holdings]
    return {
        "clerk_ids": [holding.state.clerk_id for holding in holdings],
        "emails": [holding.email for holding in holdings],
        "deletions": [holding.state.at if isinstance(holding.state, Deletion) else None for holding in holdings],
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
    """The search keys of texts that are not ASCII, as a JSON object by their names; None if all are.

    Of ASCII text the database makes the key itself.
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
