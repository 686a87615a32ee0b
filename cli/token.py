"""`akako token`: signs a session token for development, without a sign-in page."""

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
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=procfile.LOCAL,
    help="The data directory of `akako up`. [default: .local]",
)
def token(clerk_id: str, data: Path) -> None:
    """Sign a session token for the API of `akako up`.

    The token is for the user CLERK_ID and expires after one minute.

    It is signed with the development key that `akako up` stores in .local/; no other API accepts it.
    """
    found = clerk_instance.find(data)
    if found is None:
        raise click.ClickException(
            f"There is no development key in {data}. Run `akako up` without CLERK_ISSUER, which creates one. "
            "Tokens of a real Clerk instance are issued only by its sign-in pages."
        )
    click.echo(found.token(clerk_id))
