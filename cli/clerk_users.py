"""The users of the development Clerk: list, show, ban, delete, sign in."""

from typing import Any

import click

from cli.clerk_connection import ask, moment, options, print_json, table
from cli.text_options import CLERK_ID

MOST = 500
USERS = "/api/users"
"""The path of users in the control API."""


@click.command(
    "list",
    epilog="""\b
    Examples:
      akako clerk list
      akako clerk list --query ada --order-by=-updated_at --json
    """,
)
@click.option("--query", help="Part of a name, an address, a username or an id.")
@click.option("--order-by", default="-created_at", show_default=True, help="A field, descending after a minus.")
@click.option("--limit", type=click.IntRange(1, MOST), default=50, show_default=True, help="Maximum number of users.")
@click.option("--after", metavar="CLERK_ID", help="Continue after this user; needs an order by created_at.")
@options
def list_(query: str | None, order_by: str, limit: int, after: str | None, as_json: bool) -> None:
    """List users."""
    found = ask("GET", USERS, query=query, order_by=order_by, limit=limit, starting_after=after)
    if as_json:
        print_json(found)
        return
    _print(found)
    total = ask("GET", f"{USERS}/count", query=query)["total_count"]
    if len(found) == limit < total:
        click.echo(f"{total} users in all. Continue with --after {found[-1]['id']}", err=True)


@click.command(epilog="\b\nExamples:\n  akako clerk show user_2abc --json")
@click.argument("user_id", type=CLERK_ID)
@options
def show(user_id: str, as_json: bool) -> None:
    """Show one user."""
    answer(ask("GET", f"{USERS}/{user_id}"), as_json)


@click.command(epilog="\b\nExamples:\n  akako clerk ban user_2abc")
@click.argument("user_id", type=CLERK_ID)
@options
def ban(user_id: str, as_json: bool) -> None:
    """Ban a user; all their sessions are revoked."""
    answer(ask("POST", f"{USERS}/{user_id}/ban"), as_json)


@click.command(epilog="\b\nExamples:\n  akako clerk unban user_2abc")
@click.argument("user_id", type=CLERK_ID)
@options
def unban(user_id: str, as_json: bool) -> None:
    """End the ban of a user."""
    answer(ask("POST", f"{USERS}/{user_id}/unban"), as_json)


@click.command(epilog="\b\nExamples:\n  akako clerk delete user_2abc")
@click.argument("user_id", type=CLERK_ID)
@options
def delete(user_id: str, as_json: bool) -> None:
    """Delete a user."""
    gone = ask("DELETE", f"{USERS}/{user_id}")
    if as_json:
        print_json(gone)
    else:
        click.echo(f"Deleted {gone['id']}.")


@click.command(
    "sign-in",
    epilog="""\b
    Examples:
      akako clerk sign-in user_2abc
      akako clerk sign-in user_2abc --actor user_grace
      akako clerk sign-in --session sess_2abc
    """,
)
@click.argument("user_id", type=CLERK_ID, required=False)
@click.option("--actor", type=CLERK_ID, help="The user who impersonates this one: the claim `act`.")
@click.option("--session", help="Without USER_ID: a new token of this session.")
@options
def sign_in(user_id: str | None, actor: str | None, session: str | None, as_json: bool) -> None:
    """Sign a user in and print a session token, which expires after one minute."""
    if (user_id is None) == (session is None):
        raise click.UsageError("Give either USER_ID or --session.")
    if user_id:
        found = ask("POST", "/sign-in", {"user_id": user_id, "actor": actor})
        click.echo(f"session {found['session_id']}", err=True)
    else:
        found = ask("POST", f"/api/sessions/{session}/tokens", {})
    if as_json:
        print_json(found)
    else:
        click.echo(found["jwt"])


@click.command("sign-out", epilog="\b\nExamples:\n  akako clerk sign-out sess_2abc")
@click.argument("session_id")
@options
def sign_out(session_id: str, as_json: bool) -> None:
    """End a session: it gets no more tokens."""
    ended = ask("POST", f"/api/sessions/{session_id}/revoke")
    if as_json:
        print_json(ended)
    else:
        click.echo(f"{ended['id']} is {ended['status']}.")


def answer(user: dict[str, Any], as_json: bool) -> None:
    """Print one user."""
    if as_json:
        print_json(user)
    else:
        _print([user])


def _print(users: list[dict[str, Any]]) -> None:
    table(
        "Users of the development Clerk",
        ("Id", "Name", "E-mail address", "Username", "Banned", "Updated (UTC)"),
        (
            (
                each["id"],
                " ".join(filter(None, (each["first_name"], each["last_name"]))),
                _primary(each),
                each["username"],
                "banned" if each["banned"] else "",
                moment(each["updated_at"]),
            )
            for each in users
        ),
    )


def _primary(user: dict[str, Any]) -> str | None:
    wanted = user["primary_email_address_id"]
    return next((each["email_address"] for each in user["email_addresses"] if each["id"] == wanted), None)
