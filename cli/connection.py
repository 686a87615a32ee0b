"""The database that a command works on, and what it says where that goes wrong."""

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from cli.text_options import NAME, REASON
from config.settings import Settings, load
from db import engine, faults
from db.audit import Author
from db.event_search import CursorUnknown
from dev.terminal import escape
from roles import authorship
from sync.refusal import Refused

Command = TypeVar("Command", bound=Callable[..., Any])

BY = click.option("--by", type=NAME, help="Your name for the audit trail. [default: the system's user]")


@contextmanager
def database(connections: int = 1, lock_seconds: float = 0) -> Iterator[Engine]:
    """The engine on DATABASE_URL; 0 waits for locks as long as it takes.

    What is refused, or cannot be reached, ends the command with a sentence.
    """
    settings = load(Settings)
    pool = engine.connect(
        settings.database_url.get_secret_value(),
        "akako",
        pooler=settings.database_pooler,
        connections=connections,
        lock_seconds=lock_seconds,
    )
    try:
        yield pool
    except (Refused, CursorUnknown) as refusal:
        raise click.ClickException(str(refusal)) from refusal
    except DBAPIError as error:
        raise click.ClickException(_advice(error)) from error
    finally:
        pool.dispose()


@contextmanager
def transaction() -> Iterator[Connection]:
    """One transaction on DATABASE_URL, kept if the block ends well."""
    with database() as pool, pool.begin() as connection:
        yield connection


def _advice(error: DBAPIError) -> str:
    happened = "PostgreSQL cannot be reached" if faults.is_unreachable(error) else "PostgreSQL refused it"
    step = faults.remedy(error)
    return escape(f"{happened}: {error.orig}") + (f"\nWhat to do: {step}." if step else "")


def author(by: str | None, reason: str) -> Author:
    """The operator as the audit trail names one."""
    return Author(actor=f"operator:{by or _system_user()}", reason=reason)


def _system_user() -> str:
    """The name that the system has for whoever runs the command."""
    try:
        return authorship.operator(getpass.getuser())
    except (KeyError, OSError, ValueError):  # a container's user may have no name
        raise click.UsageError("The system has no usable name for you. Give your name with --by.") from None


def signed(command: Command) -> Command:
    """The options of a command that changes something: who, and why."""
    reason = click.option("--reason", type=REASON, required=True, help="Why; it stands in the audit trail.")
    return reason(BY(command))
