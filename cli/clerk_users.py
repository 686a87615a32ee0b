"""The users of the development Clerk: list, show, create, update, ban, delete, sign in."""

import json
from typing import Any

import click

from cli.clerk_connection import ask, moment, options, print_json, table
from cli.text_options import CLERK_ID

MOST = 500
USERS = "/api/users"


class JsonObject(click.ParamType[dict[str, Any]]):
    """A JSON object."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, Any]:
        """The object."""
        try:
            found = json.loads(value)
        except ValueError as error:
            self.fail(f"not JSON: {error}.", param, ctx)
        if not isinstance(found, dict):
            self.fail('give a JSON object, like {"roles": ["MENTOR"]}.', param, ctx)
        return found


OBJECT = JsonObject()


def attributes(command: Any) -> Any:
    """Add the options of a creation and of an update."""
    for name, text in (
        ("--external-id", "Id of the user in your own system."),
        ("--username", "Username: 4 to 64 letters, digits, _ or -."),
        ("--last-name", "Last name."),
        ("--first-name", "First name."),
    ):
        command = click.option(name, help=text)(command)
    return command


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
    _answer(ask("GET", f"{USERS}/{user_id}"), as_json)


@click.command(
    epilog="""\b
    Examples:
      akako clerk create --email ada@example.com --first-name Ada
      akako clerk create --username lady_ada --password "correct horse 1" --public-metadata '{"roles": ["MENTOR"]}'
    """
)
@click.option("--email", multiple=True, help="An e-mail address; the first is the primary one.")
@click.option("--password", help="Password, at least 8 characters.")
@click.option("--public-metadata", type=OBJECT, help="JSON object.")
@click.option("--private-metadata", type=OBJECT, help="JSON object.")
@attributes
@options
def create(email: tuple[str, ...], as_json: bool, **fields: Any) -> None:
    """Create a user, as a sign-up does."""
    given = {name: value for name, value in fields.items() if value is not None}
    _answer(ask("POST", USERS, given | ({"email_address": list(email)} if email else {})), as_json)


@click.command(
    epilog="""\b
    Examples:
      akako clerk update user_2abc --first-name Augusta
      akako clerk update user_2abc --email augusta@example.com
      akako clerk update user_2abc --public-metadata '{"roles": ["ADMIN"], "old": null}'
    """
)
@click.argument("user_id", type=CLERK_ID)
@click.option("--email", help="Replaces all e-mail addresses.")
@click.option("--public-metadata", type=OBJECT, help="JSON object, merged deeply; null removes a key.")
@click.option("--private-metadata", type=OBJECT, help="JSON object, merged deeply; null removes a key.")
@attributes
@options
def update(
    user_id: str,
    email: str | None,
    public_metadata: dict[str, Any] | None,
    private_metadata: dict[str, Any] | None,
    as_json: bool,
    **fields: str | None,
) -> None:
    """Change a user. Each kind of change is a request of its own, and a delivery."""
    path, given = f"{USERS}/{user_id}", {name: value for name, value in fields.items() if value is not None}
    both = {"public_metadata": public_metadata, "private_metadata": private_metadata}
    metadata = {name: value for name, value in both.items() if value is not None}
    if not (email or given or metadata):
        raise click.UsageError("Nothing to change: give at least one option.")
    if given:
        ask("PATCH", path, given)
    if email:
        ask("PUT", f"{path}/email_address", {"email_address": email})
    if metadata:
        ask("PATCH", f"{path}/metadata", metadata)
    _answer(ask("GET", path), as_json)


@click.command(epilog="\b\nExamples:\n  akako clerk ban user_2abc")
@click.argument("user_id", type=CLERK_ID)
@options
def ban(user_id: str, as_json: bool) -> None:
    """Ban a user; all their sessions are revoked."""
    _answer(ask("POST", f"{USERS}/{user_id}/ban"), as_json)


@click.command(epilog="\b\nExamples:\n  akako clerk unban user_2abc")
@click.argument("user_id", type=CLERK_ID)
@options
def unban(user_id: str, as_json: bool) -> None:
    """End the ban of a user."""
    _answer(ask("POST", f"{USERS}/{user_id}/unban"), as_json)


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


def _answer(user: dict[str, Any], as_json: bool) -> None:
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
