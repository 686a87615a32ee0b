"""Bans have versions, e-mail addresses can be unverified, and searches ignore case in every language."""

import json
import unicodedata

from alembic import op

revision = "0013"
down_revision = "0012"

ROWS = 10_000

PERSON = """claimed_email, email, first_name, last_name, username, image_url,
                                 external_id, clerk_created_at, clerk_updated_at"""
NAME = "ltrim(coalesce(first_name, '') || ' ' || coalesce(last_name, ''))"
ONLY_ENDS = "when old.deleted_at is null and new.deleted_at is not null then 'user.deleted'"
ENDS_OR_MOVES = "when new.deleted_at is not null then 'user.deleted'"


def upgrade() -> None:
    op.execute("""
        alter table users
            add column email_verified boolean, add column banned_as_of timestamptz, add column search_keys jsonb
    """)
    _remember_no_person(f"{PERSON}, email_verified, banned_as_of, search_keys")
    _fill_search_keys()
    _index_search_keys()
    # A banned user holds no address any more; who else claims it does, if anybody.
    op.execute("update users set email = null where banned and email is not null")
    _give_away_what_nobody_holds("not banned")
    _watch_deletions(ONLY_ENDS, ENDS_OR_MOVES, "old.deleted_at is distinct from new.deleted_at")


def _remember_no_person(columns: str) -> None:
    op.execute("alter table users drop constraint users_tombstones_remember_no_person")
    op.execute(f"""
        alter table users add constraint users_tombstones_remember_no_person
        check (deleted_at is null or (num_nonnulls({columns}) = 0 and not banned))
    """)


def _fill_search_keys() -> None:
    """Only texts that are not ASCII have a key: no SQL function lowers others alike on every server."""
    connection, last = op.get_bind(), 0
    while rows := connection.exec_driver_sql(
        """
        select id, coalesce(first_name, ''), coalesce(last_name, ''), coalesce(username, ''),
               coalesce(claimed_email, '')
        from users
        where id > %s and octet_length(concat(first_name, last_name, username, claimed_email))
                       <> length(concat(first_name, last_name, username, claimed_email))
        order by id limit %s
        """,
        (last, ROWS),
    ).all():
        connection.exec_driver_sql(
            """
            update users set search_keys = filled.keys::jsonb
            from unnest(%(ids)b::bigint[], %(keys)b::text[]) as filled (id, keys) where users.id = filled.id
            """,
            {"ids": [row[0] for row in rows], "keys": [_keys(*row[1:]) for row in rows]},
        )
        last = rows[-1][0]


def _keys(first_name: str, last_name: str, username: str, email: str) -> str:
    texts = {
        "name": f"{first_name} {last_name}".lstrip(" "),
        "last_name": last_name,
        "username": username,
        "email": email,
    }
    return json.dumps({name: _key(text)[:200] for name, text in texts.items() if not text.isascii()})


def _key(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold().replace("\u0131", "i")
    return unicodedata.normalize("NFKC", folded.replace("i\u0307", "i"))


def _index_search_keys() -> None:
    _index("users_name_idx", f"left(coalesce(search_keys ->> 'name', lower({NAME} collate \"C\")), 200)")
    for column in ("last_name", "username"):
        key = f"left(coalesce(search_keys ->> '{column}', lower({column} collate \"C\")), 200)"
        _index(f"users_{column}_idx", key)
    # For e-mail addresses that are ASCII, users_claimed_email_idx has the key already.
    op.execute("""
        create index users_email_search_idx on users (((search_keys ->> 'email') collate "C"))
        where search_keys ->> 'email' is not null
    """)
    op.execute("analyze users")


def _index(name: str, expression: str) -> None:
    op.execute(f"drop index {name}")
    op.execute(f'create index {name} on users (({expression} collate "C"))')


def _give_away_what_nobody_holds(condition: str) -> None:
    op.execute(f"""
        update users set email = claimed_email
        where id in (
            select distinct on (lower(claimed_email collate "C")) id
            from users as claimant
            where claimed_email is not null and {condition}
              and not exists (
                  select from users as holder
                  where lower(holder.email collate "C") = lower(claimant.claimed_email collate "C"))
            order by lower(claimed_email collate "C"), clerk_updated_at desc, clerk_id collate "C" desc)
    """)  # noqa: S608 - a condition of ours


def _watch_deletions(before: str, after: str, condition: str) -> None:
    """A deletion that turns out to have been earlier leaves a line too. The rest of the function stays as it is."""
    op.execute(f"""
        do $do$
        declare
            definition text := pg_get_functiondef('akako_audit_user()'::regprocedure);
        begin
            if strpos(definition, $text${before}$text$) = 0 then
                raise exception 'akako_audit_user() is not the function that this migration changes'
                    using hint = 'Restore the function from the migrations before this one, then run akako migrate.';
            end if;
            execute replace(definition, $text${before}$text$, $text${after}$text$);
        end $do$
    """)
    op.execute("drop trigger audit_change on users")
    op.execute(f"""
        create trigger audit_change after update on users for each row
        when ({condition} or old.banned <> new.banned) execute function akako_audit_user()
    """)
    op.execute("alter table users enable always trigger audit_change")


def downgrade() -> None:
    _watch_deletions(ENDS_OR_MOVES, ONLY_ENDS, "(old.deleted_at is null) <> (new.deleted_at is null)")
    _give_away_what_nobody_holds("true")
    op.execute("drop index users_email_search_idx")
    _index("users_name_idx", f"left(lower({NAME}), 200)")
    _index("users_last_name_idx", "lower(last_name)")
    _index("users_username_idx", "lower(username)")
    _remember_no_person(PERSON)
    op.execute("alter table users drop column search_keys, drop column banned_as_of, drop column email_verified")
