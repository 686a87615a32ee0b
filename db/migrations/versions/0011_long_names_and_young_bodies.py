"""Search keys have a maximum length, and a body cannot be erased on the day it arrived."""

from alembic import op

revision = "0011"
down_revision = "0010"

NAME = "lower(ltrim(coalesce(first_name, '') || ' ' || coalesce(last_name, '')))"
FORGET = """
        create or replace function akako_forget_body() returns trigger
        language plpgsql set search_path = pg_catalog, pg_temp as $$
        begin
            if old.body is null or new.body is not null{young} then
                raise exception 'what was signed is never changed' using errcode = 'insufficient_privilege',
                    hint = 'A done event can lose its body (set it to null){later}, and gets its digest by itself.';
            end if;
            new.digest := sha256(old.body);
            return new;
        end $$
"""


def upgrade() -> None:
    # A row of an index holds 2,700 bytes; a name that does not fit would keep all that came with it from being true.
    _index_names(f"left({NAME}, 200)")
    # So that nobody who can only write events makes one pass for done and vanish, unseen, before anybody looks.
    op.execute(FORGET.format(young=" or old.received_at > now() - interval '1 day'", later=" a day after it came"))


def downgrade() -> None:
    op.execute(FORGET.format(young="", later=""))
    _index_names(NAME)


def _index_names(expression: str) -> None:
    op.execute("drop index users_name_idx")
    op.execute(f'create index users_name_idx on users (({expression} collate "C"))')
