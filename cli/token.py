"""`akako token`: a session token, where others need a page to sign in on."""

from pathlib import Path

import click

from dev import clerk_instance, procfile


@click.command(
    epilog="""\b
    Examples:
      akako token user_grace
      curl -H "Authorization: Bearer $(akako token user_grace)" http://127.0.0.1:8001/api/user/profile
    """
)
@click.argument("clerk_id")
@click.option(
    "--data", type=click.Path(file_okay=False, path_type=Path), default=procfile.LOCAL, help="Where up keeps its data."
)
def token(clerk_id: str, data: Path) -> None:
    """Sign a session token for the API of `akako up`.

    It names the user CLERK_ID and is valid for one minute.

    It is signed with the key that `akako up` keeps in .local/; no other API believes it.
    """
    found = clerk_instance.find(data)
    if found is None:
        raise click.ClickException(
            f"there is no development key in {data}: `akako up` makes one where CLERK_ISSUER is not set. "
            "Tokens of a real Clerk instance come from its pages only."
        )
    click.echo(found.token(clerk_id))
