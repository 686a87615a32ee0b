"""`python -m dev.clerk`: one instance on a port of the loopback interface."""

import os
from pathlib import Path

import click
import uvicorn
from pydantic import TypeAdapter, ValidationError

from config.formats import SigningSecrets, split_secrets
from dev import clerk_instance, local_servers
from dev.clerk.application import build
from dev.clerk.endpoint import Endpoint, Secret
from dev.clerk.instance import Instance
from dev.clerk.local_only import NotLoopback, check_listening
from dev.clerk.rate_limit import REQUESTS, UNLIMITED, Limits
from dev.clerk.state import State, load, save

PORT = 8_002
GRACE_SECONDS = 2


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="An address of the loopback interface.")
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(1, 65_535))
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory for the state and the key. [default: in memory]",
)
@click.option("--webhook-url", help="The receiver that events are delivered to.")
@click.option("--unlimited", is_flag=True, help="Without rate limits and quota.")
def main(host: str, port: int, data: Path | None, webhook_url: str | None, unlimited: bool) -> None:
    """Run a Clerk instance for development, until a signal ends it."""
    try:
        check_listening(host)
    except NotLoopback as error:
        raise click.UsageError(f"{host} is not on the loopback. {NotLoopback.__doc__}") from error
    secrets = _secrets(os.environ.get(local_servers.SECRET) or local_servers.new_secret())
    instance = _stored(data, unlimited) if data else _in_memory(unlimited)
    _point(instance, webhook_url, secrets)
    click.echo(f"Clerk for development: http://{host}:{port}  secret key: {instance.state.secret_key}")
    uvicorn.run(
        build(instance),
        host=host.strip("[]"),
        port=port,
        log_level="warning",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def _secrets(value: str) -> tuple[str, ...]:
    """The signing secrets, newest first. Raises UsageError if one is malformed."""
    try:
        return split_secrets(TypeAdapter(SigningSecrets).validate_python(value))
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise click.UsageError(f"{local_servers.SECRET}: {message}") from error


def _stored(data: Path, unlimited: bool) -> Instance:
    data.mkdir(parents=True, exist_ok=True)
    state, signer = load(data), clerk_instance.load_or_create(data)
    return Instance(state, signer, limits=_limits(state, unlimited), saved=lambda changed: save(changed, data))


def _in_memory(unlimited: bool) -> Instance:
    state = State()
    return Instance(state, clerk_instance.create(), limits=_limits(state, unlimited))


def _limits(state: State, unlimited: bool) -> Limits:
    return UNLIMITED if unlimited else Limits(requests=REQUESTS[state.environment])


def _point(instance: Instance, url: str | None, secrets: tuple[str, ...]) -> None:
    """Deliver to that receiver, signed with its secrets, which are newest first."""
    if url:
        disabled = instance.state.endpoint.disabled
        instance.state.endpoint = Endpoint(url=url, secrets=tuple(map(Secret, secrets)), disabled=disabled)
    instance.save()


if __name__ == "__main__":
    main(prog_name="python -m dev.clerk")
