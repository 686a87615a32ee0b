"""`akako users`: look users up."""

import click

from access.refusal import UserUnknown
from api import answers
from api.answers import User, UserWithHistory
from config.role import Role
from db import assignments, directory
from db.directory import Filter
from ops import sheet
from ops.connection import transaction
from ops.roles import print_history


@click.group()
def users() -> None:
    """Look users up."""


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
@click.option("--search", help="How the name, the last name, the username or the e-mail address begins.")
@click.option("--role", type=click.Choice(list(Role), case_sensitive=False), help="Only who holds this role now.")
@click.option("--banned/--not-banned", default=None, help="Only banned users, or only others.")
@click.option("--deleted", is_flag=True, help="Tombstones in place of the living.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many at most.")
@click.option("--before", type=int, help="The row from which on, as the end of the page before says.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(
    search: str | None,
    role: Role | None,
    banned: bool | None,
    deleted: bool,
    limit: int,
    before: int | None,
    as_json: bool,
) -> None:
    """List users, the newest first."""
    wanted = Filter(text=search, role=role, banned=banned, deleted=deleted)
    with transaction() as connection:
        found = directory.search(connection, wanted, limit + 1, before)
    page = found[:limit]
    if as_json:
        sheet.as_json([User.model_validate(entry) for entry in page])
        return
    sheet.table(
        "Users",
        ("Clerk id", "Name", "E-mail", "Roles now", ""),
        ((each.clerk_id, _name(each), each.email, ", ".join(each.roles), _mark(each)) for each in page),
    )
    if len(found) > len(page):
        click.echo(f"There are more: --before {page[-1].id}")


@users.command(epilog="\b\nExamples:\n  akako users show user_2abc\n  akako users show user_2abc --json")
@click.argument("clerk_id")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(clerk_id: str, as_json: bool) -> None:
    """Show the user with this CLERK_ID, with roles past, present and future."""
    with transaction() as connection:
        entry = directory.show(connection, clerk_id)
        if entry is None:
            raise UserUnknown
        windows = assignments.history(connection, entry.id)
    if as_json:
        sheet.as_json(answers.whole(UserWithHistory, entry, windows))
        return
    told = User.model_validate(entry).model_dump(mode="json")
    sheet.table("User", ("", ""), ((name, _plain(value)) for name, value in told.items()))
    print_history(windows)


def _name(entry: directory.Entry) -> str:
    return " ".join(filter(None, (entry.first_name, entry.last_name))) or entry.username or ""


def _mark(entry: directory.Entry) -> str:
    return "deleted" if entry.deleted_at else "banned" if entry.banned else ""


def _plain(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
