"""`akako clerk create` and `akako clerk update`."""

import json
from typing import Any

import click

from cli.clerk_connection import ask, options
from cli.clerk_users import USERS, answer
from cli.text_options import CLERK_ID


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
    answer(ask("POST", USERS, given | ({"email_address": list(email)} if email else {})), as_json)


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
    answer(ask("GET", path), as_json)
