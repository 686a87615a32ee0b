"""The option `--secret` of commands that sign deliveries."""

import click


def newest(secret: str | None) -> str:
    """The first of several secrets. Raises UsageError if there is none, or if one is not a signing secret."""
    if not secret:
        raise click.UsageError("No signing secret: give --secret or set CLERK_WEBHOOK_SIGNING_SECRET.")
    from pydantic import TypeAdapter, ValidationError

    from config.formats import SigningSecrets, split_secrets  # with pydantic, the import takes 0.2 s

    try:
        return split_secrets(TypeAdapter(SigningSecrets).validate_python(secret))[0]
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise click.BadParameter(message, param_hint="--secret") from error
