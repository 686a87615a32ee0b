"""`akako link`: prints a one-time link to the console of `akako up`."""

from pathlib import Path

import click

from dev import clerk_instance, one_time_links, procfile

DEFAULT_PORT = 8003


def url(port: int, data: Path) -> str:
    """A new link to the console on this port."""
    return f"http://localhost:{port}{one_time_links.PATH}?key={one_time_links.create(data)}"


@click.command(
    epilog="""\b
    Examples:
      akako link
      akako link --console-port 9003
    """
)
@click.option("--console-port", default=DEFAULT_PORT, show_default=True, help="Port of the console of `akako up`.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=procfile.LOCAL,
    help="The data directory of `akako up`. [default: .local]",
)
def link(console_port: int, data: Path) -> None:
    """Print a one-time link to the console of `akako up`.

    The link signs in once, within ten minutes, as an admin of the development instance, in a browser on this machine.
    No other console accepts it.
    """
    if clerk_instance.find(data) is None:
        raise click.ClickException(f"There is no development instance in {data}. Start one: `akako up`.")
    click.echo(url(console_port, data))
