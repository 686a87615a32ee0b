"""`akako up`: everything in the foreground, on a machine that has nothing."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from ops import ground, health, interruption, procfile
from ops.embedded.redis import DURABLE
from ops.migrate import apply
from ops.processes import Processes
from ops.relay import Relay

LOCAL = procfile.PATH.parent / ".local"


@click.command(
    epilog="""\b
    Examples:
      akako up
      PORT=8001 akako up
      DATABASE_URL=postgresql://... REDIS_URL=redis://... akako up
    """
)
@click.option("--host", envvar="HOST", default="127.0.0.1", show_default=True, show_envvar=True)
@click.option("--port", envvar="PORT", default=8000, show_default=True, show_envvar=True, type=click.IntRange(1, 65535))
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), default=LOCAL, help="Instead of .local/.")
def up(host: str, port: int, data: Path) -> None:
    """Start receiver, worker and calendar in the foreground; Ctrl-C ends them.

    PostgreSQL and Redis are embedded ones that keep their data in .local/, unless DATABASE_URL and REDIS_URL name
    others. A signing secret is made and kept there too, unless CLERK_WEBHOOK_SIGNING_SECRET is set.
    """
    procfile.read()
    try:
        with interruption.heard(), _alone(data):
            ground.refuse_busy(host, port)
            with ground.servers(data, redis_options=DURABLE) as addresses:
                _run(addresses, host, port, os.environ.get(ground.SECRET) or kept_secret(data))
    except KeyboardInterrupt:
        click.echo("All ended.")


def _run(addresses: dict[str, str], host: str, port: int, secret: str) -> None:
    for name in apply(addresses["DATABASE_URL"], addresses.get("DATABASE_OWNER_URL")):
        click.echo(f"migrated: {name}")
    own = {
        ground.SECRET: secret,
        "HOST": host,
        "PORT": str(port),
        "LOG_FORMAT": os.environ.get("LOG_FORMAT", "console"),
    }
    relay, url = Relay(), health.url(host, port)
    with Processes(procfile.processes(addresses | own), relay.start) as running:
        if health.wait(url, running):
            click.echo(_welcome(url, secret, addresses))
        else:
            click.secho("The receiver does not answer yet; the lines above say why.", fg="red")
        running.keep_running(lambda line: click.secho(f"up     | {line}", fg="red"))


def _welcome(url: str, secret: str, addresses: dict[str, str]) -> str:
    newest = secret.split(",")[0].strip()
    # An embedded server's URL has no password in it; one that was given may have, and its owner knows it.
    database = "DATABASE_URL" if os.environ.get("DATABASE_URL") else f"'{addresses['DATABASE_URL']}'"
    return f"""
Akako Sync takes deliveries at {url}/webhooks/clerk. Try it from another terminal:

  .venv/bin/akako deliver user.created --url {url}/webhooks/clerk --secret {newest}

The tables are in {database} (for psql or any other client).

Ctrl-C ends it.
"""


def kept_secret(directory: Path) -> str:
    """The signing secret of this directory, made the first time; only its owner can read it."""
    path = directory / "signing-secret"
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(ground.new_secret())
    return path.read_text().strip()


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Raise ClickException if another `akako up` already runs on this directory."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise click.ClickException("`akako up` runs here already, in another terminal.") from error
        yield
