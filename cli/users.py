"""`akako users`: lists users, shows one, and sets their external ids."""

from collections.abc import Iterable

import click

from akako_guard.role import Role
from api import responses
from api.responses import User
from cli import output, paging
from cli.connection import database, transaction
from cli.external_ids import set_external_ids
from cli.role_tables import print_history
from db import user_search
from db.user_search import UserFilter
from roles import history, search


@click.group()
def users() -> None:
    """Search users, show one, and set external ids at Clerk."""


users.add_command(set_external_ids)


@users.command(
    "list",
    epilog="""\b
    Examples:
      akako users list
      akako users list --search ada --json
      akako users list --role ADMIN
      akako users list --before 1200       the next page
    """,
)
@click.option("--search", "text", help="Prefix of the full name, last name, username or e-mail address.")
@click.option("--role", type=click.Choice(list(Role), case_sensitive=False), help="Only users who hold this role now.")
@click.option("--banned/--not-banned", default=None, help="Only banned users, or only users who are not banned.")
@click.option("--deleted", is_flag=True, help="List deleted users (tombstones) instead.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Maximum number of users.")
@click.option("--before", type=int, help="Continue before this position (`next` of the previous page).")
@click.option("--all", "whole", is_flag=True, help="Print all users, without a limit.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(
    text: str | None,
    role: Role | None,
    banned: bool | None,
    deleted: bool,
    limit: int,
    before: int | None,
    whole: bool,
    as_json: bool,
) -> None:
    """List users, newest first.

    JSON is `{"items": [...], "next": ...}`; pass `next` to --before. It is null on the last page.
    """
    wanted = UserFilter(text=text, role=role, banned=banned, deleted=deleted)
    with database() as pool:
        with pool.begin() as connection:
            newest = user_search.newest(connection)
        if whole:
            found = search.stream(pool, wanted, before)
            _print(paging.with_progress("users", found, newest, lambda each: each.id, descending=True), as_json, None)
            return
        page, more = paging.first(search.stream(pool, wanted, before, limit + 1), limit)
    last = page[-1].id if more else None
    _print(page, as_json, last)
    if more:
        paging.next_page(before=last)


@users.command(epilog="\b\nExamples:\n  akako users show user_2abc\n  akako users show user_2abc --json")
@click.argument("clerk_id")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(clerk_id: str, as_json: bool) -> None:
    """Show the user CLERK_ID with all past, present and future roles."""
    with transaction() as connection:
        found = history.history(connection, clerk_id)
    if as_json:
        output.as_json(responses.with_history(found))
        return
    fields = User.model_validate(found.user).model_dump(mode="json")
    output.table("User", ("", ""), ((name, _plain(value)) for name, value in fields.items()))
    print_history(found.assignments)


def _print(found: Iterable[user_search.UserEntry], as_json: bool, more: int | None) -> None:
    if as_json:
        output.page_as_json(map(User.model_validate, found), more)
        return
    output.table(
        "Users",
        ("Clerk id", "Name", "E-mail", "Roles now", ""),
        ((each.clerk_id, _name(each), each.email, ", ".join(each.roles), _status(each)) for each in found),
    )


def _name(entry: user_search.UserEntry) -> str:
    return " ".join(filter(None, (entry.first_name, entry.last_name))) or entry.username or ""


def _status(entry: user_search.UserEntry) -> str:
    return "deleted" if entry.deleted_at else "banned" if entry.banned else ""


def _plain(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
