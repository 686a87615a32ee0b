"""`akako up`: everything in the foreground, on a machine that has nothing."""

import fcntl
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from dev import clerk_instance, local_servers, probes, procfile, signals
from dev.embedded.redis import DURABLE
from dev.migration import apply
from dev.prefixed_output import PrefixedOutput
from dev.processes import Processes

GRACE = "user_grace"
LAST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the processes listen."""

    host: str
    receiver: int
    api: int

    @property
    def urls(self) -> tuple[str, str]:
        """Of the receiver, and of the API."""
        return probes.url(self.host, self.receiver), probes.url(self.host, self.api)


@click.command(
    epilog="""\b
    Examples:
      akako up
      PORT=9000 API_PORT=9001 akako up
      METRICS_PORT=9100 akako up         metrics of web, api, worker, beat on 9100 to 9103
      DATABASE_URL=postgresql://... REDIS_URL=redis://... akako up
    """
)
@click.option("--host", envvar="HOST", default="127.0.0.1", show_default=True, show_envvar=True)
@click.option(
    "--port", envvar="PORT", default=8000, show_default=True, show_envvar=True, type=click.IntRange(1, LAST_PORT)
)
@click.option(
    "--api-port",
    envvar="API_PORT",
    show_envvar=True,
    type=click.IntRange(1, LAST_PORT),
    help="[default: the next after PORT]",
)
@click.option(
    "--data", type=click.Path(file_okay=False, path_type=Path), default=procfile.LOCAL, help="Instead of .local/."
)
def up(host: str, port: int, api_port: int | None, data: Path) -> None:
    """Run receiver, API, worker and beat in the foreground.

    Ctrl-C stops them.

    PostgreSQL and Redis are embedded ones that keep their data in .local/, unless DATABASE_URL and REDIS_URL name
    others. A signing secret is made and kept there too, unless CLERK_WEBHOOK_SIGNING_SECRET is set; and a key for the
    session tokens of `akako token`, unless CLERK_ISSUER names a Clerk instance.
    """
    procfile.read()
    if api_port is None and port == LAST_PORT:
        raise click.UsageError(f"PORT is {LAST_PORT}, the last there is: set API_PORT too.")
    doors = Addresses(host, port, api_port or port + 1)
    try:
        with signals.heard(), _alone(data):
            local_servers.refuse_busy(host, doors.receiver)
            local_servers.refuse_busy(host, doors.api, "API_PORT")
            with local_servers.servers(data, redis_options=DURABLE) as found:
                _run(found, doors, os.environ.get(local_servers.SECRET) or kept_secret(data), data)
    except KeyboardInterrupt:
        click.echo("All ended.")


def _run(found: local_servers.Ground, doors: Addresses, secret: str, data: Path) -> None:
    addresses = found.addresses
    for name in apply(addresses["DATABASE_URL"], addresses.get("DATABASE_OWNER_URL")):
        click.echo(f"migrated: {name}")
    own = {local_servers.SECRET: secret, "HOST": doors.host, "LOG_FORMAT": os.environ.get("LOG_FORMAT", "console")}
    api = {"PORT": str(doors.api)} | clerk_instance.settings(clerk_instance.kept(data), os.environ)
    seen = _metrics(os.environ.get("METRICS_PORT"))
    web = {"PORT": str(doors.receiver)} | seen["web"]
    processes = procfile.processes(
        addresses | own, web=web, api=api | seen["api"], worker=seen["worker"], beat=seen["beat"]
    )
    relay = PrefixedOutput()
    with Processes(processes, relay.start) as running:
        if probes.wait(running, *doors.urls):
            click.echo(_welcome(doors, secret, addresses, data))
        else:
            click.secho("Receiver and API do not both answer yet; the lines above say why.", fg="red")
        running.keep_running(lambda line: click.secho(f"up     | {line}", fg="red"), found.embedded)


def _welcome(doors: Addresses, secret: str, addresses: dict[str, str], data: Path) -> str:
    receiver, api = doors.urls
    newest = secret.split(",")[0].strip()
    # An embedded server's URL has no password in it; one that was given may have, and its owner knows it.
    database = "DATABASE_URL" if os.environ.get("DATABASE_URL") else f"'{addresses['DATABASE_URL']}'"
    return f"""
Akako Sync takes deliveries at {receiver}/webhooks/clerk. Try it from another terminal:

  .venv/bin/akako deliver user.created --user {GRACE} --url {receiver}/webhooks/clerk --secret {newest}

The API answers at {api}/api. Ask it as that user:

  curl --silent --show-error --header "Authorization: Bearer {_token(data)}" {api}/api/user/profile

The tables are in {database} (for psql or any other client).

Ctrl-C ends it.
"""


def _metrics(first: str | None) -> dict[str, dict[str, str]]:
    """A port of its own for each process's metrics, from the one that is set on; none if none is."""
    if not (first and first.isdecimal() and int(first)):
        return {name: {} for name in procfile.LASTING}
    return {name: {"METRICS_PORT": str(int(first) + place)} for place, name in enumerate(procfile.LASTING)}


def _token(data: Path) -> str:
    if os.environ.get("CLERK_ISSUER"):
        return "A_SESSION_TOKEN_OF_YOUR_CLERK_INSTANCE"
    elsewhere = "" if data == procfile.LOCAL else f" --data {shlex.quote(str(data))}"
    return f"$(.venv/bin/akako token {GRACE}{elsewhere})"


def kept_secret(directory: Path) -> str:
    """The signing secret of this directory, made the first time; only its owner can read it."""
    path = directory / "signing-secret"
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(local_servers.new_secret())
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
