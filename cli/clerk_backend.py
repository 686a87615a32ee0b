"""Clerk's Backend API for commands, and the messages when it does not answer."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from clerk.backend import Backend, PageTooLarge
from clerk.http import ClerkUnavailable
from config.settings import BackendSettings

KEY_REFUSED = ("status 401", "status 403")


@contextmanager
def backend(settings: BackendSettings, again: str = "Try again later.") -> Iterator[Backend]:
    """A client of Clerk's Backend API; failures end the command with a message (ClickException)."""
    client = Backend(settings.clerk_secret_key.get_secret_value(), settings.clerk_api_url)
    try:
        with unavailable(again):
            yield client
    finally:
        client.close()


@contextmanager
def unavailable(again: str) -> Iterator[None]:
    """End the command with a message and the next step if Clerk does not answer (ClickException)."""
    try:
        yield
    except (ClerkUnavailable, PageTooLarge) as error:
        reason, step = complaint(error, again)
        raise click.ClickException(f"{reason}. {step}") from None


def complaint(error: ClerkUnavailable | PageTooLarge, again: str) -> tuple[str, str]:
    """Why Clerk did not answer, and what to do."""
    if isinstance(error, PageTooLarge):
        return "Clerk's answers are too large or too slow", "Try again later."
    return f"Clerk did not answer: {error}", _advice(error, again)


def _advice(error: ClerkUnavailable, again: str) -> str:
    if error.transient:
        return again
    if str(error) in KEY_REFUSED:
        return "Check that CLERK_SECRET_KEY is the secret key of your instance."
    return "Check CLERK_SECRET_KEY and CLERK_API_URL."
