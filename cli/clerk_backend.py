"""Clerk's Backend API for commands, and the messages when it does not answer."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from clerk.backend import Backend, ClerkUnavailable, PageTooLarge
from config.settings import BackendSettings

KEY_REFUSED = ("status 401", "status 403")


@contextmanager
def backend(settings: BackendSettings, again: str = "Try again later.") -> Iterator[Backend]:
    """A client of Clerk's Backend API; failures end the command with a message (ClickException)."""
    client = Backend(settings.clerk_secret_key.get_secret_value(), settings.clerk_api_url)
    try:
        yield client
    except ClerkUnavailable as unavailable:
        raise click.ClickException(f"Clerk did not answer: {unavailable}. {_advice(unavailable, again)}") from None
    except PageTooLarge:
        raise click.ClickException("Clerk's answers are too large or too slow. Try again later.") from None
    finally:
        client.close()


def _advice(unavailable: ClerkUnavailable, again: str) -> str:
    if unavailable.transient:
        return again
    if str(unavailable) in KEY_REFUSED:
        return "Check that CLERK_SECRET_KEY is the secret key of your instance."
    return "Check CLERK_SECRET_KEY and CLERK_API_URL."
