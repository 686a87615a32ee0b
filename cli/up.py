"""`akako up`: runs all processes in the foreground, with embedded servers and a Clerk where none are configured."""

import fcntl
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from cli import link
from cli.clerk_connection import DEFAULT_URL
from dev import clerk_instance, local_servers, probes, procfile, signals
from dev.clerk import local
from dev.clerk.local import LocalClerk
from dev.embedded.redis import DURABLE
from dev.migration import apply
from dev.prefixed_output import PrefixedOutput
from dev.process import Process
from dev.processes import Processes

GRACE = "user_grace"
LAST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where receiver, API and development Clerk listen."""

    host: str
    receiver: int
    api: int
    clerk: int | None
    """None: a real Clerk instance is configured."""
    console: int

    @property
    def console_url(self) -> str:
        """The origin of the console: a name, since cookies of the development Clerk are for `localhost`."""
        return f"http://localhost:{self.console}"

    @property
    def urls(self) -> tuple[str, str]:
        """The URLs of the receiver and of the API."""
        return probes.url(self.host, self.receiver), probes.url(self.host, self.api)


@click.command(
    epilog="""\b
    Examples:
      akako up
      PORT=9000 API_PORT=9001 akako up
      METRICS_PORT=9100 akako up         metrics of web, api, worker, beat, clerk, console on 9100 to 9105
      DATABASE_URL=postgresql://... REDIS_URL=redis://... akako up
      CLERK_SECRET_KEY=sk_test_... CLERK_ISSUER=https://... akako up      with a real Clerk instance
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
    help="[default: PORT + 1]",
)
@click.option(
    "--clerk-port",
    envvar="CLERK_PORT",
    show_envvar=True,
    type=click.IntRange(1, LAST_PORT),
    help="Port of the development Clerk. [default: PORT + 2]",
)
@click.option(
    "--console-port",
    envvar="CONSOLE_PORT",
    show_envvar=True,
    type=click.IntRange(1, LAST_PORT),
    help="Port of the console. [default: PORT + 3]",
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=procfile.LOCAL,
    help="Data directory. [default: .local]",
)
def up(
    host: str, port: int, api_port: int | None, clerk_port: int | None, console_port: int | None, data: Path
) -> None:
    """Run all processes in the foreground.

    Ctrl-C stops them.

    Starts embedded PostgreSQL and Redis servers with their data in .local/, unless DATABASE_URL and REDIS_URL are set.
    Also creates a signing secret there, unless CLERK_WEBHOOK_SIGNING_SECRET is set, and a key for the session tokens
    of `akako token`, unless CLERK_ISSUER is set. Runs a Clerk for development, which `akako clerk` and its page drive,
    unless CLERK_SECRET_KEY names a real instance. Without a real instance, a one-time link signs in to the console.
    """
    procfile.read()
    listening = _addresses(host, port, api_port, clerk_port, console_port)
    try:
        with signals.interruptible(), _exclusive(data):
            local_servers.refuse_busy(host, listening.receiver)
            local_servers.refuse_busy(host, listening.api, "API_PORT")
            local_servers.refuse_busy(local.HOST, listening.console, "CONSOLE_PORT")
            if listening.clerk:
                local_servers.refuse_busy(local.HOST, listening.clerk, "CLERK_PORT")
            with local_servers.servers(data, redis_options=DURABLE) as found:
                _run(found, listening, os.environ.get(local_servers.SECRET) or load_or_create_secret(data), data)
    except KeyboardInterrupt:
        click.echo("All processes stopped.")


def _addresses(
    host: str, port: int, api_port: int | None, clerk_port: int | None, console_port: int | None
) -> Addresses:
    """The ports, counted from PORT where they are not set. Raises UsageError if there is none left."""
    has_clerk = not os.environ.get("CLERK_SECRET_KEY")
    given = {
        "API_PORT": api_port or port + 1,
        "CLERK_PORT": clerk_port or port + 2 if has_clerk else None,
        "CONSOLE_PORT": console_port or port + 3,
    }
    for name, number in given.items():
        if number is not None and number > LAST_PORT:
            raise click.UsageError(f"PORT is {port}, and {LAST_PORT} is the highest port: set {name} too.")
    return Addresses(host, port, given["API_PORT"] or 0, given["CLERK_PORT"], given["CONSOLE_PORT"] or 0)


def _run(found: local_servers.RunningServers, listening: Addresses, secret: str, data: Path) -> None:
    addresses = found.addresses
    for name in apply(addresses["DATABASE_URL"], addresses.get("DATABASE_OWNER_URL")):
        click.echo(f"migrated: {name}")
    own = {local_servers.SECRET: secret, "HOST": listening.host, "LOG_FORMAT": os.environ.get("LOG_FORMAT", "console")}
    clerk = LocalClerk(data, listening.clerk) if listening.clerk else None
    backend = clerk.settings() if clerk else {}
    key = clerk_instance.load_or_create(data)
    access = clerk_instance.settings(key, os.environ, backend)
    api = {"PORT": str(listening.api)} | access
    console = {"PORT": str(listening.console), "CONSOLE_URL": listening.console_url} | access
    metrics = _metrics(os.environ.get("METRICS_PORT"))
    web = {"PORT": str(listening.receiver)} | metrics["web"]
    asking = clerk_instance.backend_settings(os.environ, backend) | metrics["clerk"]
    processes = procfile.processes(
        addresses | own,
        without=("console",) if _has_links(listening) else (),
        web=web,
        api=api | metrics["api"],
        worker=metrics["worker"],
        beat=metrics["beat"],
        clerk=asking,
        console=console | metrics["console"],
    )
    if _has_links(listening):
        processes.append(_console(addresses | own | console | metrics["console"], listening, data))
    if clerk:
        processes.append(clerk.process(f"{listening.urls[0]}/webhooks/clerk", secret, {}))
    output = PrefixedOutput()
    with Processes(processes, output.start) as running:
        if probes.wait(running, *listening.urls, listening.console_url, *([clerk.url] if clerk else [])):
            click.echo(_welcome(listening, secret, addresses, data))
        else:
            click.secho("Receiver, API or console does not answer yet; see the log lines above.", fg="red")
        running.keep_running(lambda line: click.secho(f"up     | {line}", fg="red"), found.embedded)


def _welcome(listening: Addresses, secret: str, addresses: dict[str, str], data: Path) -> str:
    receiver, api = listening.urls
    newest = secret.split(",")[0].strip()
    # The URL of an embedded server has no password; a configured URL may contain one, so it is not printed.
    database = "DATABASE_URL" if os.environ.get("DATABASE_URL") else f"'{addresses['DATABASE_URL']}'"
    return f"""
Akako Sync accepts deliveries at {receiver}/webhooks/clerk. Send one from another terminal:

  .venv/bin/akako deliver user.created --user {GRACE} --url {receiver}/webhooks/clerk --secret {newest}

The API is at {api}/api. Call it as that user:

  curl --silent --show-error --header "Authorization: Bearer {_token(data)}" {api}/api/user/profile

{_about_console(listening, data)}{_about_clerk(listening)}The tables are in {database} (for psql or any other client).

Press Ctrl-C to stop.
"""


def _has_links(listening: Addresses) -> bool:
    """Whether one-time links sign in to the console: only with the development Clerk, and its key for tokens."""
    return listening.clerk is not None and not os.environ.get("CLERK_ISSUER")


def _console(environment: dict[str, str], listening: Addresses, data: Path) -> Process:
    """The console with one-time links, and ClerkJS of the development Clerk."""
    frontend = {
        "CLERK_FRONTEND_API": f"http://localhost:{listening.clerk}",
        "CLERK_PUBLISHABLE_KEY": clerk_instance.PUBLISHABLE_KEY,
    }
    arguments = [sys.executable, "-m", "dev.console", "--data", str(data.resolve())]
    return Process("console", arguments, environment=environment | frontend, directory=procfile.PATH.parent)


def _about_console(listening: Addresses, data: Path) -> str:
    if not _has_links(listening):
        return f"The console is at {listening.console_url}/.\n\n"
    return f"""Open the console; this link signs in once, within ten minutes (`akako link` prints another):

  {link.url(listening.console, data)}

"""


def _about_clerk(listening: Addresses) -> str:
    if listening.clerk is None:
        return ""
    url = f"http://{local.HOST}:{listening.clerk}"
    elsewhere = "" if url == DEFAULT_URL else f" --url {url}"
    return f"""The page of the development Clerk is {url}/, its commands are in `akako clerk --help`. Sign up:

  .venv/bin/akako clerk create --email ada@example.com --first-name Ada{elsewhere}

"""


def _metrics(first: str | None) -> dict[str, dict[str, str]]:
    """METRICS_PORT of each process, counted from the given port; not set if that is empty or 0."""
    if not (first and first.isdecimal() and int(first)):
        return {name: {} for name in procfile.LONG_RUNNING}
    return {name: {"METRICS_PORT": str(int(first) + place)} for place, name in enumerate(procfile.LONG_RUNNING)}


def _token(data: Path) -> str:
    if os.environ.get("CLERK_ISSUER"):
        return "A_SESSION_TOKEN_OF_YOUR_CLERK_INSTANCE"
    elsewhere = "" if data == procfile.LOCAL else f" --data {shlex.quote(str(data))}"
    return f"$(.venv/bin/akako token {GRACE}{elsewhere})"


def load_or_create_secret(directory: Path) -> str:
    """The signing secret of this directory, created on first use and readable only by its owner."""
    path = directory / "signing-secret"
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(local_servers.new_secret())
    return path.read_text().strip()


@contextmanager
def _exclusive(directory: Path) -> Iterator[None]:
    """Raise ClickException if another `akako up` already runs on this directory."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise click.ClickException(
                f"`akako up` is already running with {directory}. Stop it, or choose another directory with --data."
            ) from error
        yield
